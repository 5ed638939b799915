import { useLingui } from "@lingui/react/macro";
import type { ClientError, ErrorCode } from "@plauder/client/api";
import { useFormat } from "./format.ts";

/** What happened, and what to do now. */
export function useErrorText(): (code: ErrorCode, details?: ClientError["details"]) => string {
  const { t } = useLingui();
  const format = useFormat();
  return (code, details = {}) => {
    switch (code) {
      case "offline":
        return t`No connection. Try again when you are online.`;
      case "timeout":
        return t`The server answered late. Try again.`;
      case "invalid-number":
        return t`This number is not complete. Check it and try again.`;
      case "wrong-code":
        return t`This code is not right. Check the newest message.`;
      case "wrong-pin":
        return t`This PIN is not right.`;
      case "code-expired":
        return t`This code ran out. Ask for a new one.`;
      case "too-many-tries":
        return details.retryAt
          ? t`Too many tries. Try again at ${format.time(details.retryAt)}.`
          : t`Too many tries. Wait a while and try again.`;
      case "not-allowed":
        return t`You may not do this here.`;
      case "not-found":
        return t`This was not found. Check it and try again.`;
      case "gone":
        return t`This link ran out. Ask for a new one.`;
      case "conflict":
        return t`This is taken already.`;
      case "too-large":
        return details.limit
          ? t`This file is too large. Up to ${format.bytes(details.limit)} can be sent.`
          : t`This file is too large.`;
      case "storage-full":
        return t`No room is left on this device. Free some in Settings, Storage.`;
      case "storage-damaged":
        return t`What this browser kept cannot be read any more. Start over, sign in, and bring your messages back from your backup or another device.`;
      case "storage-blocked":
        return t`This browser window keeps no data. Use an ordinary window, not a private one.`;
      case "damaged":
        return t`This backup cannot be read: it is damaged, or of a newer version.`;
      case "wrong-secret":
        return t`This is not the right password or code.`;
      case "blocked":
        return t`You blocked this contact. Unblock to write.`;
      case "refused":
        return t`The server does not accept this.`;
      case "cancelled":
        return t`Stopped.`;
      default:
        return t`Something did not work. Nothing was lost; try again.`;
    }
  };
}
