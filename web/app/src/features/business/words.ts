/** Words for what the platform names in code. */

import { useLingui } from "@lingui/react/macro";

export const ROLES = ["owner", "admin", "developer", "marketing", "finance", "agent", "viewer"] as const;

/** What each role may do, as `accounts.rules.ROLES` of the server has it. */
export function useRoleHints(): (role: (typeof ROLES)[number]) => string {
  const { t } = useLingui();
  const hints = {
    owner: t`Everything, and who else is an owner.`,
    admin: t`Everything but owners.`,
    developer: t`Keys, webhook, journal, templates, sandbox.`,
    marketing: t`Templates and the sandbox.`,
    finance: t`Usage, limits and bills.`,
    agent: t`The sandbox and messages.`,
    viewer: t`Sees the screens, changes nothing.`,
  };
  return (role) => hints[role];
}

/** States of a number. */
export function useNumberStates(): (status: string) => string {
  const { t } = useLingui();
  return (status) => {
    switch (status) {
      case "CONNECTED":
        return t`Connected`;
      case "PENDING":
        return t`Not verified yet`;
      case "DISCONNECTED":
        return t`Disconnected`;
      case "FLAGGED":
        return t`Quality is watched`;
      case "RESTRICTED":
        return t`Restricted`;
      default:
        return status;
    }
  };
}

/** What blocks, reports and answers say of a number. */
export function useQualities(): (quality: string) => string {
  const { t } = useLingui();
  return (quality) => {
    switch (quality) {
      case "GREEN":
        return t`Quality: high`;
      case "YELLOW":
        return t`Quality: medium`;
      case "RED":
        return t`Quality: low`;
      default:
        return t`Quality: not known yet`;
    }
  };
}

export const VERTICALS = [
  "UNDEFINED",
  "ALCOHOL",
  "APPAREL",
  "AUTO",
  "BEAUTY",
  "EDU",
  "ENTERTAIN",
  "EVENT_PLAN",
  "FINANCE",
  "GOVT",
  "GROCERY",
  "HEALTH",
  "HOTEL",
  "NONPROFIT",
  "NOT_A_BIZ",
  "ONLINE_GAMBLING",
  "OTC_DRUGS",
  "PHYSICAL_GAMBLING",
  "PROF_SERVICES",
  "RESTAURANT",
  "RETAIL",
  "TRAVEL",
  "OTHER",
] as const;

/** Kinds of businesses. */
export function useVerticals(): (vertical: (typeof VERTICALS)[number]) => string {
  const { t } = useLingui();
  const names = {
    UNDEFINED: t`Not said`,
    ALCOHOL: t`Alcoholic drinks`,
    APPAREL: t`Clothing`,
    AUTO: t`Cars`,
    BEAUTY: t`Beauty and care`,
    EDU: t`Education`,
    ENTERTAIN: t`Entertainment`,
    EVENT_PLAN: t`Events`,
    FINANCE: t`Banking and finance`,
    GOVT: t`Public service`,
    GROCERY: t`Groceries`,
    HEALTH: t`Health`,
    HOTEL: t`Hotel`,
    NONPROFIT: t`Non-profit`,
    NOT_A_BIZ: t`Not a business`,
    ONLINE_GAMBLING: t`Online gambling`,
    OTC_DRUGS: t`Pharmacy`,
    PHYSICAL_GAMBLING: t`Gambling hall`,
    PROF_SERVICES: t`Services`,
    RESTAURANT: t`Restaurant`,
    RETAIL: t`Shop`,
    TRAVEL: t`Travel`,
    OTHER: t`Other`,
  };
  return (vertical) => names[vertical];
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
