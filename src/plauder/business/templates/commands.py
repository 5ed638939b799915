"""Use cases on templates. Every change of state is published as a webhook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row

from plauder.business.shared import nodes
from plauder.business.shared.errors import fail, invalid
from plauder.business.shared.updates import Update, Updates
from plauder.business.templates import library, rules, store
from plauder.kit.errors import Conflict
from plauder.store.database import UnitOfWork


@dataclass(frozen=True, slots=True)
class NewTemplate:
    """A request to create one. `components` as the client sent them."""

    waba_id: str
    portfolio_id: str
    name: str
    language: str
    category: str
    components: Sequence[Any]
    parameter_format: str = "POSITIONAL"
    ttl_seconds: int | None = None
    library_name: str = ""
    library_buttons: Sequence[Any] = ()
    allow_category_change: bool = True
    link_tracking_opted_out: bool = False
    is_verified: bool = False
    rejects: bool = False
    """The sandbox failure that rejects every new template."""


async def create(uow: UnitOfWork, new: NewTemplate, *, at: datetime, updates: Updates) -> Row[Any]:
    """A new template, moderated at once. Raises error 100 with a subcode."""
    name, language = rules.check_name(new.name), rules.check_language(new.language)
    category = rules.check_category(new.category)
    await _check_room(uow, new, name, language, at)
    raw = library.components(new.library_name, new.library_buttons) if new.library_name else list(new.components)
    named = _is_named(new.parameter_format)
    components = rules.normalise(raw, category=category, named=named)
    final = rules.suggested_category(components, category) if new.allow_category_change else category
    if final != category:
        components = rules.normalise(raw, category=final, named=named)
    status, reason = ("REJECTED", "INVALID_FORMAT") if new.rejects else rules.moderate(components, final)
    ttl = rules.check_ttl(final, new.ttl_seconds)
    node = await nodes.create(uow, "template", portfolio_id=new.portfolio_id, waba_id=new.waba_id)
    await uow.execute(
        store.templates.insert().values(
            id=node.id,
            waba_id=new.waba_id,
            portfolio_id=new.portfolio_id,
            name=name,
            language=language,
            category=final,
            previous_category=category if final != category else "",
            parameter_format="NAMED" if named else "POSITIONAL",
            components=components,
            status=status,
            rejected_reason=reason,
            ttl_seconds=ttl,
            library_name=new.library_name,
            link_tracking_opted_out=new.link_tracking_opted_out,
            paced_since=at if rules.is_paced(final, status) else None,
            created_at=at,
            updated_at=at,
        )
    )
    row = await store.get(uow, node.id)
    assert row
    await updates.publish(uow, [status_update(row, status, at, reason=reason)])
    return row


def _is_named(parameter_format: str) -> bool:
    form = (parameter_format or "POSITIONAL").upper()
    if form not in ("POSITIONAL", "NAMED"):
        raise invalid("parameter_format must be POSITIONAL or NAMED")
    return form == "NAMED"


async def _check_room(uow: UnitOfWork, new: NewTemplate, name: str, language: str, at: datetime) -> None:
    if await store.named(uow, new.waba_id, name, language):
        raise invalid(
            f"There is already {language} content for this template. You can create a new template and try again.",
            subcode=2388024,
            title="Content in This Language Already Exists",
        )
    if await store.deleted_since(uow, new.waba_id, name, language, at - rules.NAME_RESERVED):
        raise invalid(
            f"The name {name} was deleted less than 30 days ago. Use another name.",
            subcode=2388023,
            title="Message Template Language Is Being Deleted",
        )
    others = [row.category for row in await store.named(uow, new.waba_id, name)]
    if others and others[0] != new.category.upper() and "AUTHENTICATION" in (others[0], new.category.upper()):
        raise invalid(f"All languages of {name} have category {others[0]}.")
    most = rules.MAX_TEMPLATES_VERIFIED if new.is_verified else rules.MAX_TEMPLATES
    if await store.count(uow, new.waba_id) >= most:
        raise invalid(f"The account has its {most} templates.", subcode=2388019, title="Too many templates")
    if await store.count(uow, new.waba_id, since=at - timedelta(hours=1)) >= rules.CREATIONS_PER_HOUR:
        raise fail(80007, "At most 100 templates can be created in an hour.", retry_after=600)


async def edit(uow: UnitOfWork, row: Row[Any], changes: Mapping[str, Any], *, at: datetime, updates: Updates) -> None:
    """Change category, components, TTL or format; then moderated anew."""
    wanted = rules.check_category(changes["category"]) if changes.get("category") else None
    edits = [datetime.fromtimestamp(stamp, UTC) for stamp in row.edits]
    if set(changes) - {"link_tracking_opted_out", "ttl_seconds"}:
        rules.check_edit(status=row.status, edits=edits, category=row.category, new_category=wanted, at=at)
    category = wanted or row.category
    values: dict[str, Any] = {"category": category, "updated_at": at}
    if changes.get("parameter_format"):
        values["parameter_format"] = "NAMED" if _is_named(changes["parameter_format"]) else "POSITIONAL"
    if "components" in changes:
        named = values.get("parameter_format", row.parameter_format) == "NAMED"
        values["components"] = rules.normalise(changes["components"], category=category, named=named)
        values["status"], values["rejected_reason"] = rules.moderate(values["components"], category)
        values["paced_since"] = at if rules.is_paced(category, values["status"]) else None
        values["edits"] = [*row.edits, int(at.timestamp())][-20:]
    if "ttl_seconds" in changes:
        values["ttl_seconds"] = rules.check_ttl(category, changes["ttl_seconds"])
    if "link_tracking_opted_out" in changes:
        values["link_tracking_opted_out"] = bool(changes["link_tracking_opted_out"])
    await store.change(uow, row.id, **values)
    if "components" in changes:
        fresh = await store.get(uow, row.id)
        assert fresh
        reason = fresh.rejected_reason
        await updates.publish(
            uow, [status_update(fresh, fresh.status, at, reason=reason), components_update(fresh, at)]
        )


async def delete(
    uow: UnitOfWork, waba_id: str, *, name: str = "", ids: Sequence[str] = (), at: datetime, updates: Updates
) -> None:
    """Delete by name (all languages), or single ones. Raises error 100 when there is none."""
    if name:
        rows = await store.named(uow, waba_id, name)
    else:
        rows = []
    if ids:
        found = [await store.get(uow, template_id) for template_id in ids]
        rows = [row for row in found if row and row.waba_id == waba_id and (not name or row.name == name)]
    if not rows:
        raise invalid("Message Template Not Found", subcode=2593002, title="Message Template Not Found")
    for row in rows:
        if row.status == "DISABLED":
            raise invalid("A disabled template can't be deleted.", subcode=2388094)
    for row in rows:
        await store.change(uow, row.id, deleted_at=at)
        await nodes.remove(uow, row.id)
    await updates.publish(uow, [status_update(row, "PENDING_DELETION", at, reason=None) for row in rows])


async def decide(
    uow: UnitOfWork, row: Row[Any], *, status: str, reason: str = "NONE", at: datetime, updates: Updates
) -> None:
    """The operator's word, or a test's: any status at any time."""
    if status not in rules.STATUSES:
        raise Conflict(f"{status!r} is not a status of templates.")
    await store.change(uow, row.id, status=status, rejected_reason=reason, updated_at=at)
    await updates.publish(uow, [status_update(row, status, at, reason=reason)])


async def reclassify(uow: UnitOfWork, row: Row[Any], category: str, *, at: datetime, updates: Updates) -> None:
    """The platform finds that a template has another category."""
    await store.change(uow, row.id, category=category, previous_category=row.category, updated_at=at)
    value = _identity(row) | {"previous_category": row.category, "new_category": category}
    await updates.publish(uow, [_update(row, "template_category_update", value, at)])


async def assess(uow: UnitOfWork, row: Row[Any], score: str, *, at: datetime, updates: Updates) -> None:
    """A new quality score, and the pause or the end that follows from RED."""
    if score == row.quality:
        return
    value = _identity(row) | {"previous_quality_score": row.quality, "new_quality_score": score}
    announced = [_update(row, "message_template_quality_update", value, at)]
    values: dict[str, Any] = {"quality": score, "quality_at": at}
    if score == "GREEN":
        values["paced_since"] = None
    if score == "RED" and row.status == "APPROVED":
        span = rules.next_pause(row.pauses)
        values |= {"pauses": row.pauses + 1, "status": "PAUSED" if span else "DISABLED"}
        if span:
            values["paused_until"] = at + span
            title = rules.PAUSE_TITLES[row.pauses]
            text = f"Your template has been paused for {span.total_seconds() // 3600:g} hours because of low quality."
        else:
            title, text = "DISABLED", "Your template has been disabled because its quality was low three times."
        other = {"other_info": {"title": title, "description": text}}
        announced.append(status_update(row, values["status"], at, reason="NONE", extra=other))
    await store.change(uow, row.id, **values)
    await updates.publish(uow, announced)


async def unpause(uow: UnitOfWork, row: Row[Any], *, at: datetime, updates: Updates) -> None:
    if row.status != "PAUSED":
        raise invalid(f"The template has status {row.status}; only a paused one can be unpaused.")
    since = at if rules.is_paced(row.category, "APPROVED") else None
    await store.change(uow, row.id, status="APPROVED", paused_until=None, paced_since=since, updated_at=at)
    other = {"other_info": {"title": "UNPAUSE", "description": "Your template can be sent again."}}
    await updates.publish(uow, [status_update(row, "APPROVED", at, reason="NONE", extra=other)])


async def judge_first_share(uow: UnitOfWork, row: Row[Any], *, is_good: bool, at: datetime, updates: Updates) -> None:
    """The end of pacing: the template goes to everybody, or is paused until its owner unpauses it."""
    if is_good:
        await store.change(uow, row.id, paced_since=None)
        return
    await store.change(uow, row.id, status="PAUSED", paced_since=None, paused_until=None, updated_at=at)
    text = "The first people who got this template blocked or reported it. Change it, then unpause it."
    other = {"other_info": {"title": "RATE_LIMITING_PAUSE", "description": text}}
    await updates.publish(uow, [status_update(row, "PAUSED", at, reason="NONE", extra=other)])


async def archive(
    uow: UnitOfWork, waba_id: str, ids: Sequence[str], *, archived: bool, at: datetime, updates: Updates
) -> tuple[list[str], list[dict[str, Any]]]:
    """Put templates away or take them out again: (done, failed with the reason)."""
    done: list[str] = []
    failed: list[dict[str, Any]] = []
    for template_id in ids:
        row = await store.get(uow, template_id)
        if row is None or row.waba_id != waba_id:
            failed.append({"id": template_id, "error": "There is no such template."})
        elif row.status != ("APPROVED" if archived else "ARCHIVED"):
            failed.append({"id": template_id, "error": f"The template has status {row.status}."})
        else:
            await _put_away(uow, row, archived=archived, at=at, updates=updates)
            done.append(template_id)
    return done, failed


async def _put_away(uow: UnitOfWork, row: Row[Any], *, archived: bool, at: datetime, updates: Updates) -> None:
    values = {"status": "ARCHIVED", "archived_at": at} if archived else {"status": "APPROVED", "archived_at": None}
    await store.change(uow, row.id, **values, updated_at=at)
    event = "ARCHIVED" if archived else "UNARCHIVED"
    await updates.publish(uow, [status_update(row, event, at, reason="NONE")])


async def archive_unused(uow: UnitOfWork, after: timedelta, *, at: datetime, updates: Updates) -> int:
    """Archive what was not used for so long, delete what has lain in the archive for 28 days; how many changed."""
    unused = await store.unused_since(uow, at - after)
    for row in unused:
        await _put_away(uow, row, archived=True, at=at, updates=updates)
    old = await store.archived_since(uow, at - rules.ARCHIVE_LIFE)
    for row in old:
        await store.change(uow, row.id, deleted_at=at)
        await nodes.remove(uow, row.id)
        await updates.publish(uow, [status_update(row, "DELETED", at, reason=None)])
    return len(unused) + len(old)


async def resume_due(uow: UnitOfWork, *, at: datetime, updates: Updates) -> int:
    """End the pauses whose time is over; returns how many."""
    rows = await store.resuming(uow, at)
    for row in rows:
        await unpause(uow, row, at=at, updates=updates)
    return len(rows)


# ── webhooks ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _identity(row: Row[Any]) -> dict[str, Any]:
    return {
        "message_template_id": int(row.id),
        "message_template_name": row.name,
        "message_template_language": row.language,
    }


def _update(row: Row[Any], field: str, value: Mapping[str, Any], at: datetime) -> Update:
    return Update(row.waba_id, field, value, at, key=row.id, about=row.id)


def status_update(
    row: Row[Any], event: str, at: datetime, *, reason: str | None, extra: Mapping[str, Any] | None = None
) -> Update:
    value: dict[str, Any] = {"event": event} | _identity(row)
    value |= {"message_template_category": row.category, "reason": reason}
    if reason == "INVALID_FORMAT":
        value["rejection_info"] = {
            "reason": "The template has a link that hides where it leads, or a wrong format.",
            "recommendation": "Use the full address of your own site.",
        }
    return _update(row, "message_template_status_update", value | dict(extra or {}), at)


def components_update(row: Row[Any], at: datetime) -> Update:
    by_type = {component["type"]: component for component in row.components}
    value = _identity(row) | {"message_template_element": by_type.get("BODY", {}).get("text", "")}
    if title := by_type.get("HEADER", {}).get("text"):
        value["message_template_title"] = title
    if footer := by_type.get("FOOTER", {}).get("text"):
        value["message_template_footer"] = footer
    if buttons := by_type.get("BUTTONS", {}).get("buttons"):
        value["message_template_buttons"] = [
            {"message_template_button_type": button["type"], "message_template_button_text": button.get("text", "")}
            | {f"message_template_button_{name}": button[name] for name in ("url", "phone_number") if name in button}
            for button in buttons
        ]
    return _update(row, "message_template_components_update", value, at)
