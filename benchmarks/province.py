"""A province that has worked for years: filings by the million on PostgreSQL, made by the database itself.

Every agency of the 21 cities and their districts, enterprises, filings from `FIRST` to `LAST`, most of them issued,
with certificates, progress and figures, as the procedures would have left them. Nothing is random: row n is always
the same.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

from flask import Flask
from sqlalchemy import Connection, text

from engine.clock import MovableClock
from engine.transactions import WRITING
from records.calendar import SHANGHAI
from records.encryption import encrypt
from records.sample import load_sample
from web import demo
from web.app import create_app
from web.database import bring_up_to_date, db
from web.runtime import command
from web.settings import Settings

FIRST, LAST = date(2022, 1, 1), date(2026, 11, 15)
NOW = datetime(2026, 11, 16, 10, tzinfo=SHANGHAI)
FILINGS_OF_ONE = 20
"""How many filings an enterprise has made."""

_BATCH = 25_000
_PLACES = "年产,新建,扩建,高效,智能,绿色,柔性,精密,超薄,环保,节能,全自动,数字化,一体化,模块化,低碳,轻量化"
_THINGS = (
    "半导体,连接器,注塑,电镀,冲压,陶瓷,印刷,锂电池,光伏,灯珠,电机,压缩机,轴承,齿轮,阀门,水泵,传感器,显示屏,电路板,覆铜板,"
    "家具,服装,饲料,调味品,饮料,涂料,树脂,薄膜,纸箱,钢管,铝材,铜箔,模具,机床,机器人,无人机,电梯,空调,冰箱,洗衣机,热水器"
)
_WORKS = "生产线,车间,仓储,锅炉,废气治理,污水处理,配电,研发中心,检测,包装,涂装,热处理,装配,焊接,切割,物流,空压,冷却"

_INDEXES = ("ix_document_grams", "ix_enterprise_grams")


def application(url: str, var: Path) -> Flask:
    """The product on a database of its own, with the sample's people, on the day after the last filing."""
    settings = Settings(
        database_url=url,
        broker_url="memory://",
        var=var,
        secret_key=b"s" * 32,
        data_key=b"d" * 32,
        site_url="https://jigai.example",
        demo=True,
    )
    app = create_app(settings, clock=MovableClock(NOW))
    bring_up_to_date(app)
    with app.app_context(), command(None) as given:
        load_sample(given.session, demo.sample(), demo.PASSWORD)
    return app


def fill(app: Flask, filings: int, tell: Callable[[int, int], None]) -> None:
    """Put so many filings in, and let the database look at what it has. `tell` hears how many of them are there."""
    with app.app_context():
        with _writing() as connection:
            indexes = _take_away_indexes(connection)
            _agencies(connection)
            _enterprises(connection, max(1, filings // FILINGS_OF_ONE))
        for start in range(0, filings, _BATCH):
            end = min(start + _BATCH, filings)
            with _writing() as connection:
                _filings(connection, start, end, filings)
            tell(end, filings)
        with _writing() as connection:
            for definition in indexes:
                connection.execute(text(definition))
        with db.engine.connect() as connection:
            connection.execute(text("VACUUM ANALYZE"))


@contextmanager
def _writing() -> Iterator[Connection]:
    with db.engine.connect() as connection:
        connection.execution_options(**WRITING[connection.dialect.name])
        with connection.begin():
            yield connection


def progress_bar(title: str) -> Callable[[int, int], None]:
    """Draws how far it is on the terminal."""

    def tell(done: int, total: int) -> None:
        share = done / total
        bar = "█" * int(share * 30) + "░" * (30 - int(share * 30))
        end = "\n" if done == total else ""
        print(f"\r{title} {bar} {share:4.0%} {done:,}/{total:,}", end=end, file=sys.stderr, flush=True)

    return tell


def _take_away_indexes(connection: Connection) -> list[str]:
    """The dearest indexes are made at the end, all at once; the statements that make them."""
    found = [
        connection.scalar(text("SELECT indexdef FROM pg_indexes WHERE indexname = :name"), {"name": name})
        for name in _INDEXES
    ]
    for name in _INDEXES:
        connection.execute(text(f"DROP INDEX {name}"))
    return [str(definition) for definition in found]


def _agencies(connection: Connection) -> None:
    """One for each city and each of its districts, under the province's A01."""
    connection.execute(
        text(
            """INSERT INTO agency (id, name, level, region, parent_id, cert_code, e_seal, can_file, can_approve, active)
            SELECT 'R' || code, name || '工业和信息化主管部门', level, code,
                   CASE WHEN level = 2 THEN 'A01' ELSE 'R' || parent END,
                   chr(65 + substr(code, 3, 1)::int) || substr(code, 4, 3), true, true, false, true
            FROM region WHERE level IN (2, 3) ORDER BY level
            ON CONFLICT DO NOTHING"""
        )
    )


def _enterprises(connection: Connection, count: int) -> None:
    connection.execute(
        text(
            """WITH given AS (SELECT cast(:things AS text[]) AS things, cast(:works AS text[]) AS works,
                                     cast(:types AS text[]) AS types, cast(:person AS text) AS person),
                 place AS (SELECT code, name, row_number() OVER (ORDER BY code) - 1 AS number
                           FROM region WHERE level = 3)
            INSERT INTO enterprise (id, name, uscc, region, economic_type, address, legal_rep, contact)
            SELECT 'N' || n,
                   place.name || things[1 + n % cardinality(things)] || works[1 + n / 7 % cardinality(works)]
                              || n || '有限公司',
                   'T' || lpad(n::text, 17, '0'), code, types[1 + n % cardinality(types)], place.name || '示例路1号',
                   person, person
            FROM given, generate_series(1, cast(:count AS int)) n JOIN place ON place.number = n % 100"""
        ),
        {
            "things": _THINGS.split(","),
            "works": _WORKS.split(","),
            "types": ["173 私营有限责任公司", "160 股份有限公司", "110 国有企业", "310 中外合资经营企业"],
            "person": encrypt('{"name": "黄例甲", "mobile": "19400000001"}'),
            "count": count,
        },
    )


def _filings(connection: Connection, start: int, end: int, total: int) -> None:
    """Filings `start` to `end` of `total`, in the order of their days; of twenty the last is still under way."""
    connection.execute(
        text(
            """CREATE TEMPORARY TABLE made ON COMMIT DROP AS
            WITH given AS (SELECT cast(:open AS text[]) AS open, cast(:places AS text[]) AS places,
                                  cast(:things AS text[]) AS things, cast(:works AS text[]) AS works,
                                  cast(:classes AS text[]) AS classes),
                 office AS (SELECT id, region, row_number() OVER (ORDER BY id) - 1 AS number, count(*) OVER ()
                              AS number_of FROM agency WHERE level = 3),
                 day AS (SELECT n, cast(:first AS date) + (n::bigint * cast(:days AS int) / cast(:total AS int))::int
                                AS submitted
                         FROM generate_series(cast(:start AS int), cast(:end AS int) - 1) n)
            SELECT n, 'F' || n AS id, 'N' || (1 + n % cast(:enterprises AS int)) AS enterprise_id,
                   office.id AS agency_id, region, submitted, submitted + 1 + n % 3 AS issued,
                   CASE WHEN n % 20 = 19 THEN open[1 + n / 20 % cardinality(open)] ELSE 'ISSUED' END AS status,
                   CASE WHEN n % 20 <> 19 THEN to_char(submitted, 'YY') || lpad(n::text, 13, '0') END AS number,
                   places[1 + n % cardinality(places)] || things[1 + n / 3 % cardinality(things)]
                     || works[1 + n / 11 % cardinality(works)] || '技术改造项目' AS name,
                   to_char(submitted, 'YYMM') || '-' || region || '-04-02-' || lpad((n % 1000000)::text, 6, '0')
                     AS code,
                   classes[1 + n % cardinality(classes)] AS class_code, (100 + n * 7 % 60000)::bigint * 10000 AS yuan
            FROM given, day JOIN office ON office.number = n * 17 % number_of"""
        ),
        {
            "enterprises": max(1, total // FILINGS_OF_ONE),
            "open": ["SUBMITTED", "ACCEPTED", "REVIEWED", "RETURNED"],
            "places": _PLACES.split(","),
            "things": _THINGS.split(","),
            "works": _WORKS.split(","),
            "classes": ["3972", "3670", "3130", "4420", "3851", "3484", "1461", "2921", "3311", "2613", "2440", "1751"],
            "start": start,
            "end": end,
            "first": FIRST,
            "days": (LAST - FIRST).days,
            "total": total,
        },
    )
    for statement in _FROM_MADE:
        connection.execute(text(statement))


_FROM_MADE = (
    """INSERT INTO document (id, kind, number, enterprise_id, agency_id, status, form, project_code, project_name,
         revision, submission, certificate_number, created_at, updated_at, submitted_at, updated_by)
       SELECT id, 'filing', 'SB' || n, enterprise_id, agency_id, status,
              json_build_object('project_name', name, 'region', region, 'class_code', class_code,
                                'money', json_build_object('total', (yuan / 10000)::text)),
              code, name, 1, 1, number, submitted + time '09:00', submitted + time '09:00',
              submitted + time '09:00', 'made'
       FROM made""",
    """INSERT INTO certificate (number, kind, project_id, enterprise_id, agency_id, status, invalid_reason, issue_date,
         valid_until, seal, verify_token, extended, changes, snapshot)
       SELECT number, 'filing', id, enterprise_id, agency_id,
              CASE WHEN n % 11 = 0 THEN 'INVALID' WHEN n % 3 = 0 THEN 'LONG_TERM' ELSE 'VALID' END,
              CASE WHEN n % 11 = 0 THEN (ARRAY['EXPIRED', 'CANCELLED', 'REVOKED'])[1 + n % 3] END, issued,
              CASE WHEN n % 3 = 0 AND n % 11 <> 0 THEN NULL ELSE issued + 730 END, 'SEALED', 'token' || n,
              n % 13 = 0, n % 5 / 4, json_build_object('project_name', name)
       FROM made WHERE number IS NOT NULL""",
    """INSERT INTO progress (certificate_number, start_date, completion_date, completion_note, revision, updated_at,
         updated_by)
       SELECT number, issued + 60, CASE WHEN n % 6 = 0 THEN issued + 400 END, '', 1, now(), 'made'
       FROM made WHERE number IS NOT NULL AND n % 3 = 0""",
    """INSERT INTO project_figures (document_id, enterprise_id, agency_id, submitted_at, region, city, division,
         class_code, total, own_funds, domestic_loan, stock_bond, other_funds, jobs_construction, jobs_operation,
         returned, issue_date, month, certificate_status, invalid_reason, limit_days, days_taken, started_on,
         completed_on)
       SELECT made.id, made.enterprise_id, made.agency_id, submitted + time '09:00', region,
              substr(region, 1, 4) || '00', substr(class_code, 1, 2), class_code, yuan, yuan / 2, yuan / 4, yuan / 8,
              yuan - yuan / 2 - yuan / 4 - yuan / 8,
              n % 50, n % 80, CASE WHEN n % 9 = 0 THEN 1 ELSE 0 END, issue_date,
              (extract(year FROM issue_date) * 100 + extract(month FROM issue_date))::int, certificate.status,
              invalid_reason,
              CASE WHEN number IS NOT NULL THEN 3 END, CASE WHEN number IS NOT NULL THEN 1 + n % 4 END, start_date,
              completion_date
       FROM made LEFT JOIN certificate USING (number)
       LEFT JOIN progress ON progress.certificate_number = certificate.number""",
)
