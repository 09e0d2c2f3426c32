"""查询统计 (R183): figures with the year before, charts with a table beside each, everything by what one asks for."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from flask import Response, render_template, request, url_for
from flask_babel import format_date
from sqlalchemy import select
from sqlalchemy.orm import Session

from records.agencies import Agency
from records.calendar import local_date
from records.certificates import CertificateStatus
from records.figures import MONEY
from records.formats import rounded
from records.regions import Region
from records.selection import INVESTMENTS, Only, Selection, selected
from records.statistics import (
    Dimension,
    Line,
    Measures,
    by_key,
    hundred_millions,
    measure,
    months,
    shares,
    whole,
    year_before,
)
from records.users import UserKind
from web.database import db
from web.identity import me, require
from web.pages import exports, lists, wording
from web.pages.columns import industry, reasons
from web.pages.exporting import attachment
from web.pages.filters import Fields
from web.pages.office import blueprint
from web.runtime import runtime
from web.spreadsheets import CSV, XLSX, Sheet
from web.texts import gettext as _
from web.texts import pgettext, told

_SHOWN = (Dimension.MONTH, Dimension.REGION, Dimension.INDUSTRY, Dimension.STATUS)
_REGIONS, _INDUSTRIES = 8, 5  # that a chart has room for
_FILTERS = ("region", "issued_from", "issued_to", "industry", "certificate_status")
_MORE = ("agency", "investment")


@blueprint.get("/statistics")
@require(UserKind.AUTHORITY, UserKind.ADMIN)
def statistics() -> str:
    """The page."""
    told = _Told()
    fields = Fields(db.session(), me(), told.chosen)
    return render_template(
        "office/statistics.html",
        now=wording.moment(runtime().engine.clock.now()),
        fields=fields.of(*_FILTERS),
        more=fields.of(*_MORE),
        reset_url=url_for("office.statistics"),
        figures=told.figures(),
        months=told.chart(Dimension.MONTH),
        unfinished=told.unfinished(),
        regions=told.chart(Dimension.REGION)[:_REGIONS],
        regions_title=told.regions_title(),
        industries=told.chart(Dimension.INDUSTRY)[:_INDUSTRIES],
        statuses=told.statuses(),
        invalid=told.invalid(),
        tabs=told.tabs(),
        detail={"headings": told.headings(), "rows": told.detail()},
        exports=[
            {"form": form.upper(), "url": _address("office.statistics_file", {**request.args.to_dict(), "form": form})}
            for form in (XLSX, CSV)
        ],
    )


@blueprint.get("/statistics.<any(xlsx, csv):form>")
@require(UserKind.AUTHORITY, UserKind.ADMIN)
def statistics_file(form: str) -> Response:
    """Exactly what the page shows, as a file: the figures, the table beside each chart, the table below."""
    told = _Told()
    name = f"{_('查询统计')}-{wording.day(runtime().engine.clock.now())}.{form}"
    return attachment(form, name, exports.stream(form, told.sheets()))


class _Told:
    """What is known for the selection of the request, and how it is worded."""

    def __init__(self) -> None:
        self.today = local_date(runtime().engine.clock.now())
        self.chosen = selected(request.args).with_period(self.today)
        asked = request.args.get("by", "")
        self.by = Dimension(asked) if asked in frozenset(Dimension) else Dimension.REGION
        session, user = db.session(), me()
        self.lines = measure(session, user, self.chosen, dict.fromkeys((*_SHOWN, self.by)))
        self.all = sum((line.measures for line in self.lines[Dimension.STATUS]), Measures())
        earlier = year_before(self.chosen)
        self.before = whole(session, user, earlier) if earlier is not None else Measures()
        self._names = _names(session)

    # The four figures

    def figures(self) -> list[dict[str, Any]]:
        now, before = self.all, self.before
        late = _("%(n)s 件超期", n=f"{now.late:,}") if now.measured else _("没有办理时限记录")
        return [
            {
                "label": _("备案项目"),
                **_figure(now.filings),
                "unit": pgettext("so many", "项"),
                "url": self._cases(Only.ISSUED),
                **_growth(now.filings, before.filings),
            },
            {
                "label": _("总投资"),
                **_figure(rounded(now.hundred_millions, 1)),
                "unit": _("亿元"),
                "url": self._cases(Only.ISSUED),
                **_growth(now.total, before.total),
            },
            {
                "label": _("平均办结"),
                **_figure(_days(now)),
                "unit": pgettext("so many", "工作日") if now.measured else "",
                "url": self._cases(Only.MEASURED),
                **_difference(now.average_days, before.average_days),
            },
            {
                "label": _("按时办结率"),
                **_figure(_percent(now)),
                "unit": "%" if now.measured else "",
                "url": self._cases(_late_or_measured(now)),
                "change": "",
                "note": late,
                "tone": "late" if now.late else "",
            },
        ]

    # Charts

    def chart(self, dimension: Dimension) -> list[dict[str, Any]]:
        """The rows of a chart's table."""
        lines: Sequence[Line] = self.lines[dimension]
        if dimension == Dimension.MONTH:
            found = by_key(lines)
            lines = [Line(key, found.get(key, Measures())) for key in self._months(lines)]
        return [
            {
                "key": line.key,
                "label": self.name(dimension, line.key),
                "url": self._cases_of(dimension, line.key),
                "filings": line.measures.filings,
                "total": rounded(line.measures.hundred_millions, 2),
                "total_label": _label(line.measures.hundred_millions),
            }
            for line in lines
        ]

    def _months(self, lines: Sequence[Line]) -> Sequence[str]:
        first, last = self.chosen.issued_from, self.chosen.issued_to
        if first is None or last is None or last < first:
            return [line.key for line in lines]
        return months(first, min(last, max(first, self.today)))

    def unfinished(self) -> str:
        """Up to which day the last month of the chart is counted; empty where it is over."""
        last = min(self.chosen.issued_to or self.today, self.today)
        if last.month != (date.fromordinal(last.toordinal() + 1)).month:
            return ""
        return _("%(month)s 月统计至 %(day)s 日", month=last.month, day=last.day)

    def regions_title(self) -> str:
        within = self._names[Dimension.REGION].get(self.chosen.region, "")
        in_city = self.chosen.region.endswith("00") and not self.chosen.region.endswith("0000")
        return _("%(city)s各区县备案项目", city=within) if in_city else _("各地市备案项目")

    def statuses(self) -> list[dict[str, Any]]:
        """有效, 长期有效 and 已失效, with their share."""
        found = by_key(self.lines[Dimension.STATUS])
        counts = {
            CertificateStatus.VALID: found.get(CertificateStatus.VALID, Measures()).filings,
            CertificateStatus.LONG_TERM: found.get(CertificateStatus.LONG_TERM, Measures()).filings,
        }
        counts[CertificateStatus.INVALID] = self.all.filings - sum(counts.values())
        percents = shares(list(counts.values()))
        return [
            {
                "code": status.value,
                "label": wording.status(status),
                "count": count,
                "percent": percent,
                "url": self._cases_of(Dimension.STATUS, status.value),
            }
            for (status, count), percent in zip(counts.items(), percents, strict=True)
        ]

    def invalid(self) -> list[dict[str, Any]]:
        """Why those that are invalid are."""
        found = by_key(self.lines[Dimension.STATUS])
        return [
            {"label": words, "count": found[why].filings, "url": self._cases_of(Dimension.STATUS, why)}
            for why, words in reasons().items()
            if why in found
        ]

    # Everything, by one dimension

    def tabs(self) -> list[dict[str, Any]]:
        words = _dimensions()
        return [
            {
                "label": words[dimension],
                "url": lists.same_page(by=dimension.value) + "#detail",
                "active": dimension == self.by,
            }
            for dimension in Dimension
        ]

    def headings(self) -> list[str]:
        return [
            _dimensions()[self.by],
            _("备案项目（项）"),
            _("总投资（亿元）"),
            _("自有资金（亿元）"),
            _("国内贷款（亿元）"),
            _("股票债券（亿元）"),
            _("其他资金（亿元）"),
            _("平均办结（工作日）"),
            _("按时办结率（%）"),
            _("退回修改（项）"),
            _("已开工（项）"),
            _("已完工（项）"),
            _("施工期用工（人）"),
            _("运营期用工（人）"),
        ]

    def detail(self) -> list[dict[str, Any]]:
        """Each line with a link of every figure that has cases; the sum stands last."""
        rows = [
            (
                self.name(self.by, line.key),
                self._cases_of(self.by, line.key),
                self._query_of(self.by, line.key),
                line.measures,
            )
            for line in self.lines[self.by]
        ]
        rows.append((_("合计"), self._cases(Only.ISSUED), self._query(), self.all))
        return [
            {"label": label, "url": url, "cells": self._cells(measures, query), "is_sum": number == len(rows)}
            for number, (label, url, query, measures) in enumerate(rows, 1)
        ]

    def _cells(self, told: Measures, query: dict[str, str]) -> list[dict[str, Any]]:
        """Each figure as it is shown, `value` for a file to say the same, and the cases that it is made of."""

        def cell(value: Decimal | int | None, only: Only, cases: int) -> dict[str, Any]:
            url = _projects({**query, "only": only.value}) if cases else None
            return {"text": _text(value), "value": value, "url": url}

        def money(yuan: int) -> dict[str, Any]:
            return cell(rounded(hundred_millions(yuan), 2), Only.ISSUED, told.filings)

        counts = ((told.returned, Only.RETURNED), (told.started, Only.STARTED), (told.completed, Only.COMPLETED))
        return [
            cell(told.filings, Only.ISSUED, told.filings),
            *(money(getattr(told, name)) for name in MONEY),
            cell(_days(told), Only.MEASURED, told.measured),
            cell(_percent(told), _late_or_measured(told), told.measured),
            *(cell(value, only, value) for value, only in counts),
            cell(told.jobs_construction, Only.ISSUED, told.filings),
            cell(told.jobs_operation, Only.ISSUED, told.filings),
        ]

    # The file

    def sheets(self) -> list[Sheet]:
        """What the page shows, table by table."""
        period = f"{wording.day(self.chosen.issued_from)} {_('至')} {wording.day(self.chosen.issued_to)}"
        about = [
            [_("数据更新于"), wording.moment(runtime().engine.clock.now()), "", "", ""],
            [_("口径"), _("按签发日期"), period, "", ""],
            *(
                [
                    field["label"],
                    next((o["label"] for o in field["options"] if o["value"] == field["value"]), ""),
                    "",
                    "",
                    "",
                ]
                for field in Fields(db.session(), me(), self.chosen).of(*_FILTERS, *_MORE)
                if field["kind"] == "select"
            ),
            *([figure[name] for name in ("label", "number", "unit", "change", "note")] for figure in self.figures()),
        ]
        charts = [
            (_("按月"), _dimensions()[Dimension.MONTH], self.chart(Dimension.MONTH)),
            (self.regions_title(), _dimensions()[Dimension.REGION], self.chart(Dimension.REGION)[:_REGIONS]),
            (_("行业构成"), _dimensions()[Dimension.INDUSTRY], self.chart(Dimension.INDUSTRY)[:_INDUSTRIES]),
        ]
        columns = (_("备案项目（项）"), _("总投资（亿元）"))
        return [
            Sheet(_("概况"), [_("项目"), _("内容"), "", "", ""], about, (20, 32, 26, 12, 26)),
            *(
                Sheet(
                    name,
                    [what, *columns],
                    [[row["label"], row["filings"], row["total"]] for row in rows],
                    (36, 16, 16),
                )
                for name, what, rows in charts
            ),
            Sheet(
                _("备案证状态"),
                [_("状态"), _("备案项目（项）"), _("占比（%）")],
                [
                    [row["label"], row["count"], row["percent"]]
                    for row in (*self.statuses(), *({**one, "percent": None} for one in self.invalid()))
                ],
                (20, 16, 16),
            ),
            Sheet(
                _("分类统计"),
                self.headings(),
                [[row["label"], *(cell["value"] for cell in row["cells"])] for row in self.detail()],
                (36, *(16,) * 13),
            ),
        ]

    # Words and addresses

    def name(self, dimension: Dimension, key: str) -> str:
        """What a line is about, in words."""
        if dimension == Dimension.MONTH:
            first, last = self.chosen.issued_from, self.chosen.issued_to
            one_year = first is not None and last is not None and first.year == last.year
            return format_date(date(int(key[:4]), int(key[4:]), 1), "MMM") if one_year else f"{key[:4]}-{key[4:]}"
        if dimension == Dimension.INDUSTRY:
            return industry(key)
        if dimension == Dimension.STATUS:
            why = reasons()
            return _("已失效：%(why)s", why=why[key]) if key in why else wording.status(key)
        return self._names.get(dimension, {}).get(key, key) or _("未填写")

    def _query(self) -> dict[str, str]:
        return self.chosen.as_query()

    def _query_of(self, dimension: Dimension, key: str) -> dict[str, str]:
        """The selection narrowed to one line, as the address of a list has it."""
        return {**self._query(), **_narrowed(self.chosen, dimension, key)}

    def _cases(self, only: Only) -> str:
        return _projects({**self._query(), "only": only.value})

    def _cases_of(self, dimension: Dimension, key: str) -> str:
        return _projects({**self._query_of(dimension, key), "only": Only.ISSUED.value})


def _narrowed(chosen: Selection, dimension: Dimension, key: str) -> dict[str, str]:
    if dimension != Dimension.MONTH:
        return {dimension.value: key}
    first = date(int(key[:4]), int(key[4:]), 1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    last = date.fromordinal(following.toordinal() - 1)
    since, until = max(first, chosen.issued_from or first), min(last, chosen.issued_to or last)
    return {"issued_from": since.isoformat(), "issued_to": until.isoformat()}


def _projects(query: dict[str, str]) -> str:
    return _address("office.projects", query)


def _address(endpoint: str, query: Mapping[str, Any]) -> str:
    return url_for(endpoint, **query)


def _names(session: Session) -> Mapping[Dimension, Mapping[str, str]]:
    """What keys are called, where a table knows it. A city is called without 市, as people call it."""
    regions = session.execute(select(Region.code, Region.name)).all()
    return {
        Dimension.REGION: {code: name.removesuffix("市") if code.endswith("00") else name for code, name in regions},
        Dimension.AGENCY: dict(session.execute(select(Agency.id, Agency.name)).all()),
        Dimension.INVESTMENT: {key: told(words) for key, (words, _least, _below) in INVESTMENTS.items()},
    }


def _dimensions() -> dict[Dimension, str]:
    return {
        Dimension.REGION: _("地区"),
        Dimension.AGENCY: _("备案机关"),
        Dimension.INDUSTRY: _("行业"),
        Dimension.MONTH: _("月份"),
        Dimension.STATUS: _("状态"),
        Dimension.INVESTMENT: _("投资规模"),
    }


def _growth(now: int, before: int) -> dict[str, str]:
    """How much more than in the same period of the year before."""
    if not before:
        return {"change": "", "note": _("上年同期无数据"), "tone": ""}
    share = Decimal(now - before) * 100 / before
    return {
        "change": f"{_signed(rounded(share, 1))}%",
        "note": _("较上年同期"),
        "tone": "up" if share >= 0 else "down",
    }


def _difference(now: Decimal | None, before: Decimal | None) -> dict[str, str]:
    """How many days more; fewer are better."""
    if now is None or before is None:
        return {"change": "", "note": _("上年同期无数据"), "tone": ""}
    days = rounded(now - before, 1)
    return {"change": _signed(days), "note": _("较上年同期"), "tone": "up" if days <= 0 else "down"}


def _days(told: Measures) -> Decimal | None:
    return rounded(told.average_days, 1) if told.average_days is not None else None


def _percent(told: Measures) -> Decimal | None:
    return rounded(told.on_time * 100, 1) if told.on_time is not None else None


def _figure(number: Decimal | int | None) -> dict[str, Any]:
    """One of the four figures: the number, and as it is shown."""
    return {"number": number, "value": _text(number)}


def _text(number: Decimal | int | None) -> str:
    return "—" if number is None else f"{number:,}"


def _signed(number: Decimal) -> str:
    return f"{number:+}".replace("-", "−")


def _label(number: Decimal) -> str:
    """A number at its bar. Large ones need no second decimal, small ones are nothing without it."""
    return _text(rounded(number, 2 if number < 10 else 1))


def _late_or_measured(told: Measures) -> Only:
    """The cases behind a share of those in time: the others, where there are any."""
    return Only.LATE if told.late else Only.MEASURED
