/** Words for what the platform names in code. */

import { useLingui } from "@lingui/react/macro";

export function useRoles(): (role: string) => string {
  const { t } = useLingui();
  return (role) => {
    switch (role) {
      case "owner":
        return t`Owner`;
      case "admin":
        return t`Administration`;
      case "developer":
        return t`Development`;
      case "marketing":
        return t`Marketing`;
      case "finance":
        return t`Finance`;
      case "agent":
        return t`Customer service`;
      case "viewer":
        return t`Only reads`;
      default:
        return role;
    }
  };
}

/** States of a template. */
export function useStates(): (status: string) => string {
  const { t } = useLingui();
  return (status) => {
    switch (status) {
      case "APPROVED":
        return t`Approved`;
      case "PENDING":
        return t`In review`;
      case "REJECTED":
        return t`Rejected`;
      case "PAUSED":
        return t`Paused`;
      case "DISABLED":
        return t`Disabled`;
      default:
        return status;
    }
  };
}

/** How far a message of the business came. */
export function useSteps(): (status: string) => string {
  const { t } = useLingui();
  return (status) => {
    switch (status) {
      case "sent":
        return t`Sent`;
      case "delivered":
        return t`Delivered`;
      case "read":
        return t`Read`;
      case "failed":
        return t`Not sent`;
      case "accepted":
        return t`Accepted`;
      default:
        return status;
    }
  };
}

/** Failures of the sandbox: what they are called, and what a program then sees. */
export function useFaults(): (name: string) => { label: string; hint?: string } {
  const { t } = useLingui();
  return (name) => {
    switch (name) {
      case "undeliverable":
        return { label: t`The person cannot be reached`, hint: t`Messages fail with 131026.` };
      case "window_closed":
        return { label: t`The 24-hour window is closed`, hint: t`Messages fail with 131047.` };
      case "payment":
        return { label: t`A problem with the payment`, hint: t`Messages fail with 131042.` };
      case "marketing_cap":
        return { label: t`The person got enough marketing`, hint: t`Messages fail with 131049.` };
      case "experiment":
        return { label: t`The person is part of an experiment`, hint: t`Messages fail with 130472.` };
      case "rate_limit":
        return { label: t`Sent too fast`, hint: t`Sending answers 130429.` };
      case "expired_token":
        return { label: t`The key has expired`, hint: t`Every call answers 190.` };
      case "template_rejection":
        return { label: t`Templates are rejected`, hint: t`New and edited ones.` };
      case "webhook_down":
        return {
          label: t`Your webhook is down`,
          hint: t`As if your server answered 503; we try again later.`,
        };
      default:
        return { label: name };
    }
  };
}
