import { useLingui } from "@lingui/react/macro";
import type { AvatarRef } from "@plauder/client/api";
import { Camera } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { avatarOf } from "../lib/attachments.ts";
import { Avatar } from "./Avatar.tsx";

interface Props {
  of: AvatarRef;
  size?: number;
  square?: boolean;
  onPick: (picture: Blob) => void;
}

/** A picture that can be changed: cropped to a square and stripped of the camera's data before it is handed on. */
export function AvatarField({ of, size = 132, square = false, onPick }: Props) {
  const { t } = useLingui();
  const input = useRef<HTMLInputElement>(null);
  const [url, setUrl] = useState<string>();
  const [bad, setBad] = useState(false);
  useEffect(() => () => URL.revokeObjectURL(url ?? ""), [url]);
  const pick = async (file: File | undefined) => {
    if (!file) return;
    try {
      const blob = await avatarOf(file);
      setBad(false);
      setUrl(URL.createObjectURL(blob));
      onPick(blob);
    } catch {
      setBad(true);
    }
  };
  return (
    <div className="flex flex-col items-center gap-2">
      <span className="relative">
        <Avatar of={url ? { ...of, url } : of} size={size} square={square} />
        <button
          type="button"
          className="absolute end-0 bottom-0.5 grid size-10 place-items-center rounded-full bg-brand text-on-brand ring-4 ring-surface"
          aria-label={t`Choose a picture`}
          title={t`Choose a picture`}
          onClick={() => input.current?.click()}
        >
          <Camera size={20} strokeWidth={1.75} />
        </button>
      </span>
      {bad && (
        <p className="hint error" role="alert">{t`This file is not a picture that the browser can read.`}</p>
      )}
      <input
        ref={input}
        type="file"
        accept="image/*"
        hidden
        onChange={(event) => void pick(event.currentTarget.files?.[0])}
      />
    </div>
  );
}
