"""Master data that every installation needs: regions, industry classes, policy editions, working days.

Only what is missing is added, so that it can run at every start and never undoes what was edited.
"""

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from engine.tables import Base
from records.articles import Article, read_articles
from records.calendar import WorkingDay, published_days
from records.industry import IndustryClass, read_classes
from records.policies import PolicyEdition, PolicyEntry, read_editions, read_entries
from records.regions import Region, read_regions

DATA = Path(__file__).resolve().parents[1] / "data"


def seed_master_data(session: Session, data: Path = DATA) -> None:
    """Add the master data of a folder that is not in the database yet. Flushes, never commits."""
    add_missing(session, Region, read_regions(data / "regions.json"))
    add_missing(session, IndustryClass, read_classes(data / "industry_classes.csv"))
    add_missing(session, PolicyEdition, read_editions(data / "policy_editions.csv"))
    add_missing(session, PolicyEntry, read_entries(data / "policy_entries.csv"))
    add_missing(session, Article, read_articles(data / "articles.yaml"))
    add_missing(session, WorkingDay, published_days())


def add_missing(session: Session, model: type[Base], rows: Iterable[Base]) -> None:
    """Add the rows whose primary key the table does not have, and flush."""
    mapper = inspect(model)
    present = {tuple(key) for key in session.execute(select(*mapper.primary_key))}
    session.add_all(row for row in rows if tuple(mapper.primary_key_from_instance(row)) not in present)
    session.flush()
