import { useLingui } from "@lingui/react/macro";
import { TriangleAlert } from "lucide-react";
import { useFormat } from "../../lib/format.ts";
import type { TemplateRow } from "./model.ts";

/** Why a template cannot be sent, and what to do about it. */
export function TemplateAdvice({
  row,
  may,
  onUnpause,
}: {
  row: TemplateRow;
  may: boolean;
  onUnpause: () => void;
}) {
  const said = useAdvice()(row);
  const { t } = useLingui();
  if (!said) return null;
  return (
    <span className="mt-1.5 flex flex-wrap items-center gap-2 text-sm text-warn">
      <TriangleAlert size={16} className="flex-none" aria-hidden />
      <span className="min-w-0 flex-1 basis-60">{said}</span>
      {may && row.status === "PAUSED" && (
        <button type="button" className="btn secondary small" onClick={onUnpause}>
          {t`Unpause ${row.name}`}
        </button>
      )}
    </span>
  );
}

function useAdvice(): (row: TemplateRow) => string {
  const { t } = useLingui();
  const format = useFormat();
  return ({ status, rejected_reason, paused_until }) => {
    if (status === "REJECTED") {
      if (rejected_reason === "SCAM")
        return t`It asks people for something secret, such as a password or a card number. Take that out and submit it again.`;
      if (rejected_reason === "INVALID_FORMAT")
        return t`It has a shortened link, or your sandbox rejects all templates right now. Write the whole address and submit it again.`;
      return t`Edit it and submit it again.`;
    }
    if (status === "PAUSED") {
      const at = paused_until ? Date.parse(paused_until) : undefined;
      return at === undefined
        ? t`The first people who got it blocked or reported you. Change it, then unpause it.`
        : t`People blocked or reported it too often. It goes on by itself on ${format.date(at)} at ${format.time(at)}; change it before that.`;
    }
    if (status === "DISABLED")
      return t`It was paused three times and cannot be sent any more. Write a new one.`;
    return "";
  };
}
