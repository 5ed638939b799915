import { useLingui } from "@lingui/react/macro";
import type { AttachmentDraft, BlobLike } from "@plauder/client/api";
import { FileText, Send, X } from "lucide-react";
import { useEffect, useState } from "react";
import { draftOf } from "../../lib/attachments.ts";
import { useFormat } from "../../lib/format.ts";
import { Dialog } from "../../ui/Dialog.tsx";
import { IconButton } from "../../ui/IconButton.tsx";

interface Props {
  files: readonly File[];
  asDocument: boolean;
  /** Bytes; what is larger is named and left out. */
  limit: number | undefined;
  onSend: (drafts: readonly AttachmentDraft[]) => void;
  onClose: () => void;
}

/** A last look before sending: caption for the first, a description for each picture. */
export default function AttachDialog({ files, asDocument, limit, onSend, onClose }: Props) {
  const { t } = useLingui();
  const format = useFormat();
  const [drafts, setDrafts] = useState<readonly AttachmentDraft[]>();
  const [caption, setCaption] = useState("");
  useEffect(() => {
    let gone = false;
    void Promise.all(files.map((file) => draftOf(file, asDocument))).then((list) => !gone && setDrafts(list));
    return () => {
      gone = true;
    };
  }, [files, asDocument]);

  const allSeen = !asDocument && files.every(({ type }) => /^(image|video)\//u.test(type));
  const tooLarge = (drafts ?? []).filter((one) => limit !== undefined && one.blob.size > limit);
  const good = (drafts ?? []).filter((one) => !tooLarge.includes(one));
  const change = (draft: AttachmentDraft, alt: string) =>
    setDrafts((list) => list?.map((one) => (one === draft ? { ...one, alt } : one)));
  const send = () => {
    onSend(
      good.map((one, index) => (index === 0 && caption.trim() ? { ...one, caption: caption.trim() } : one)),
    );
    onClose();
  };
  return (
    <Dialog
      title={allSeen ? t`Send photos and videos` : t`Send documents`}
      onClose={onClose}
      wide
      actions={
        <button type="button" className="btn primary" disabled={good.length === 0} onClick={send}>
          <Send size={18} aria-hidden /> {t`Send`}
        </button>
      }
    >
      <ul className="flex flex-col gap-3">
        {drafts?.map((draft, index) => (
          <li key={`${draft.name} ${draft.blob.size} ${index}`} className="flex items-start gap-3">
            <Thumb draft={draft} />
            <div className="min-w-0 flex-1">
              <div className="cut font-semibold">{draft.name}</div>
              <div className={tooLarge.includes(draft) ? "hint error" : "hint"}>
                {tooLarge.includes(draft) && limit
                  ? t`Too large: up to ${format.bytes(limit)} can be sent`
                  : format.bytes(draft.blob.size)}
              </div>
              {draft.kind === "image" && (
                <input
                  className="input mt-1.5"
                  placeholder={t`What does it show? (for people who cannot see it)`}
                  aria-label={t`Description of ${draft.name}`}
                  value={draft.alt ?? ""}
                  onChange={(event) => change(draft, event.currentTarget.value)}
                />
              )}
            </div>
            <IconButton
              small
              label={t`Leave out ${draft.name}`}
              onClick={() => setDrafts(drafts.filter((one) => one !== draft))}
            >
              <X size={16} />
            </IconButton>
          </li>
        ))}
      </ul>
      {!drafts && <div className="skeleton enter-late h-20" />}
      <label className="field mt-4">
        <span className="label">{t`Caption`}</span>
        <input
          className="input"
          value={caption}
          dir="auto"
          onChange={(event) => setCaption(event.currentTarget.value)}
          onKeyDown={(event) => event.key === "Enter" && good.length > 0 && send()}
        />
      </label>
    </Dialog>
  );
}

function Thumb({ draft }: { draft: AttachmentDraft }) {
  const url = useObjectUrl(draft.kind === "image" ? draft.blob : undefined);
  if (url) return <img src={url} alt="" className="size-20 flex-none rounded-md object-cover" />;
  if (draft.preview)
    return <img src={draft.preview} alt="" className="size-20 flex-none rounded-md object-cover" />;
  return (
    <span className="file-icon">
      <FileText size={20} aria-hidden />
    </span>
  );
}

function useObjectUrl(blob: BlobLike | undefined): string | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (!blob) return;
    const made = URL.createObjectURL(blob as Blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return url;
}
