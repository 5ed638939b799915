import { useLingui } from "@lingui/react/macro";
import { useClient } from "../../lib/client.ts";
import { useFormat } from "../../lib/format.ts";
import { Choices } from "../../ui/Choices.tsx";
import { Dialog } from "../../ui/Dialog.tsx";

export const TIMERS = [0, 3600, 86_400, 604_800, 7_776_000] as const;

export function TimerDialog({ chat, timer, onClose }: { chat: string; timer: number; onClose: () => void }) {
  const { t } = useLingui();
  const client = useClient();
  const format = useFormat();
  return (
    <Dialog
      title={t`Disappearing messages`}
      description={t`New messages go from everyone’s devices after this time. Anyone can still copy them before.`}
      onClose={onClose}
    >
      <Choices
        label={t`Disappearing messages`}
        value={String(timer)}
        options={TIMERS.map((seconds) => ({
          value: String(seconds),
          label: seconds === 0 ? t`Off` : format.span(seconds),
        }))}
        onChange={(value) => {
          void client.conversation(chat).setTimer(Number(value));
          onClose();
        }}
      />
    </Dialog>
  );
}
