"""The judgement of a new template's first share: the rest goes, or the template is paused and the rest fails.

The first share of a marketing template goes out at once (`template_pacing`, in messages); what comes after is held. It
is judged as soon as enough people have it, and half an hour after the first message was held at the latest.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from plauder.business.messages import store as message_store
from plauder.business.messages.pipeline import Pipeline
from plauder.business.quality import commands as quality
from plauder.business.quality import rules
from plauder.business.shared.updates import Updates
from plauder.business.templates import commands as templates
from plauder.business.templates import store as template_store
from plauder.store.database import Database

PATIENCE = timedelta(minutes=30)


def verdict(rating: str, waited: timedelta, *, is_active: bool) -> bool | None:
    """Whether the template is good; None: too early to say. No complaint within the time is good enough."""
    if rating == "RED":
        return False
    if rating == "GREEN" or waited >= PATIENCE or not is_active:
        return True
    return None


async def judge(database: Database, pipeline: Pipeline, updates: Updates, at: datetime) -> None:
    """Look at every template of which messages are held."""
    async with database.read() as uow:
        held = await message_store.held_since(uow)
    for template_id, since in held.items():
        is_active = pipeline.ports.policies.is_active("template_pacing", at)
        async with database.begin() as uow:
            row = await template_store.get(uow, template_id)
            if row is None or row.status != "APPROVED":
                is_good: bool | None = False  # deleted, paused or disabled meanwhile
            else:
                rating = rules.rating(await quality.of_template(uow, template_id, at))
                is_good = verdict(rating, at - since, is_active=is_active)
                if is_good is not None:
                    await templates.judge_first_share(uow, row, is_good=is_good, at=at, updates=updates)
        if is_good is not None:
            await (pipeline.release(template_id) if is_good else pipeline.refuse_held(template_id))
