import { useLingui } from "@lingui/react/macro";
import type { MessageView } from "@plauder/client/api";
import { Download, FileText, RotateCw, X } from "lucide-react";
import { useClient } from "../../lib/client.ts";
import { useErrorText } from "../../lib/errors.ts";
import { useFormat } from "../../lib/format.ts";
import { save } from "../../lib/media.ts";
import { IconButton } from "../../ui/IconButton.tsx";

/** Where there is no room for all of a name, its ending stays: it says what the file is. */
function FileName({ name }: { name: string }) {
  const ending = /[^.]{0,6}\.[^.]{1,10}$/u.exec(name)?.[0] ?? "";
  return (
    <div className="flex text-md font-semibold" title={name} dir="ltr">
      <span className="cut whitespace-pre">{name.slice(0, name.length - ending.length)}</span>
      <span className="flex-none whitespace-pre">{ending}</span>
    </div>
  );
}

/** A document: icon, name, size; progress with stop. */
export function FileCard({ message }: { message: MessageView }) {
  const { t } = useLingui();
  const format = useFormat();
  const client = useClient();
  const errorText = useErrorText();
  if (message.content.kind !== "file") return null;
  const { media } = message.content;
  const { transfer } = media;
  const moving = transfer.state === "up" || transfer.state === "down";
  const done = moving || transfer.state === "paused" ? transfer.done : 0;
  const open = async () => save((await client.media.open(message)) as Blob, media.name);
  return (
    <div className="file-card">
      <span className="file-icon" aria-hidden="true">
        <FileText size={20} strokeWidth={1.75} />
      </span>
      <div className="min-w-0 flex-1">
        <FileName name={media.name} />
        <div className="text-xs text-ink-2">
          {moving
            ? t`${format.bytes(done)} of ${format.bytes(media.size)}`
            : transfer.state === "failed"
              ? errorText(transfer.code)
              : format.bytes(media.size)}
        </div>
        {moving && (
          <div
            className="progress"
            role="progressbar"
            aria-label={media.name}
            aria-valuenow={Math.round((done / Math.max(1, media.size)) * 100)}
          >
            <i style={{ width: `${(done / Math.max(1, media.size)) * 100}%` }} />
          </div>
        )}
      </div>
      {moving ? (
        <IconButton
          small
          label={transfer.state === "up" ? t`Stop upload` : t`Stop download`}
          onClick={() => client.media.stop(message)}
        >
          <X size={16} />
        </IconButton>
      ) : (
        <IconButton
          small
          label={transfer.state === "failed" ? t`Try again` : t`Save ${media.name}`}
          onClick={open}
        >
          {transfer.state === "failed" ? <RotateCw size={16} /> : <Download size={16} />}
        </IconButton>
      )}
    </div>
  );
}
