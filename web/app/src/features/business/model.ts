/** What the business API answers, as far as the screens read it. */

export interface BusinessRow {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly country: string;
}

export interface Founded {
  readonly id: string;
}

export interface NumberRow {
  readonly id: string;
  readonly digits: string;
  readonly display: string;
  readonly verified_name: string;
  readonly status: string;
  readonly quality: string;
  readonly is_test: boolean;
  /** VERIFIED once the code was entered. */
  readonly verification: string;
  readonly recipients: readonly string[];
}

/** Somebody who is asked into the team and has not come yet; without a number it is a link. */
export interface InvitationRow {
  readonly id: string;
  readonly role: string;
  readonly number: string;
  readonly expires: string;
}

export interface MemberRow {
  /** Digits of the number, or a name. */
  readonly account: string;
  readonly name: string;
  readonly role: string;
  readonly since: string;
  readonly is_me: boolean;
}

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Day = (typeof DAYS)[number];

export interface Hours {
  readonly timezone: string;
  /** "09:00" to "18:00"; a day that is missing is closed. */
  readonly days: Readonly<Partial<Record<Day, readonly (readonly [string, string])[]>>>;
}

export interface ProfileView {
  readonly name: string;
  readonly about?: string;
  readonly address?: string;
  readonly description?: string;
  readonly email?: string;
  readonly vertical: string;
  readonly websites?: readonly string[];
  readonly hours?: Hours;
  readonly profile_picture_url?: string;
}

/** A file that was uploaded; `handle` is what templates and profiles take. */
export interface Uploaded {
  readonly id: string;
  readonly handle: string;
  readonly mime_type: string;
  readonly link: string;
}

export interface Overview {
  readonly id: string;
  readonly name: string;
  readonly country: string;
  readonly role: string;
  /** What the caller's role allows: keys, templates, messages, money, journal, … */
  readonly may: readonly string[];
  /** Where programs call, without a slash at the end. */
  readonly api_base: string;
  readonly app: { readonly id: string; readonly name: string };
  readonly wabas: readonly { readonly id: string; readonly name: string; readonly currency: string }[];
  readonly numbers: readonly NumberRow[];
  readonly webhook: { readonly url: string; readonly fields: readonly string[] } | null;
  readonly deliveries: { readonly due: number; readonly dead: number };
  readonly sandbox: SandboxRow | null;
}

export interface SandboxRow {
  readonly phone_id: string;
  readonly number: string;
  readonly customer: string;
  readonly customer_name: string;
  readonly sends_receipts: boolean;
  readonly reads: boolean;
  readonly faults: readonly string[];
}

export interface SandboxView extends SandboxRow {
  /** Name → an English sentence of what will happen. */
  readonly known_faults: Readonly<Record<string, string>>;
  /** When the customer-service window closes, ISO 8601; null while it is closed. */
  readonly window_until: string | null;
  /** Oldest first. */
  readonly chat: readonly ChatLine[];
}

/** One message of the sandbox; `in` is from the customer to the business. `content` is the Cloud API's object. */
export interface ChatLine {
  readonly id: string;
  readonly direction: "in" | "out";
  readonly kind: string;
  readonly content: Json | null;
  /** What an app without our bubbles shows of it; of the business's messages only. */
  readonly text?: string;
  readonly stanza_id: string;
  readonly status: string;
  readonly error: { readonly code?: number; readonly title?: string } | null;
  /** ISO 8601. */
  readonly at: string;
}

export type Json = Readonly<Record<string, unknown>>;

export interface KeyRow {
  readonly id: string;
  readonly label: string;
  readonly created_at: string;
  readonly expires_at: string | null;
}

export interface MadeKey {
  readonly id: string;
  readonly token: string;
}

export type Category = "MARKETING" | "UTILITY" | "AUTHENTICATION";

export interface TemplateRow {
  readonly id: string;
  readonly name: string;
  readonly language: string;
  readonly status: string;
  readonly category: Category;
  readonly components: readonly Json[];
  readonly rejected_reason: string | null;
  readonly parameter_format: string;
  readonly message_send_ttl_seconds: number | null;
  readonly quality_score: { readonly score: string };
  readonly updated_at: string;
  /** When a pause ends by itself, ISO 8601. */
  readonly paused_until: string | null;
  /** Of the examples of its headers: handle → address of the picture. */
  readonly media: Readonly<Record<string, string>>;
}

/** What would be decided about a draft. `problem`: what is still wrong, in English. */
export interface Verdict {
  readonly category: Category;
  readonly status: string;
  readonly reason: string;
  readonly problem: string;
}

export interface JournalEntry {
  readonly id: number;
  readonly kind: "request" | "webhook";
  readonly method: string;
  readonly url: string;
  readonly field: string;
  readonly about: string;
  readonly status: number;
  readonly milliseconds: number;
  readonly attempt: number;
  readonly error: string;
  readonly at: string;
  readonly request: string;
  readonly response: string;
}

export interface DeadLetter {
  readonly id: string;
  readonly field: string;
  readonly url: string;
  readonly attempts: number;
  readonly error: string;
  readonly created_at: string;
}

export interface Prices {
  readonly currency: string;
  /** The market of the business's own country. */
  readonly home: string;
  /** The operator has brought in no rate card of this currency yet. */
  readonly is_example: boolean;
  /** Market → category in lower case → micro-units of `currency`. */
  readonly prices: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface Estimate {
  readonly currency: string;
  readonly total: number;
  readonly bands: readonly {
    readonly count: number;
    readonly each: number;
    readonly why: readonly string[];
  }[];
}

export interface UsageRow {
  readonly market: string;
  readonly category: string;
  readonly each: number;
  readonly messages: number;
  readonly amount: number;
  readonly tier: { readonly from: number; readonly to: number | null; readonly now: number } | null;
}

export interface DayRow {
  /** YYYY-MM-DD */
  readonly day: string;
  readonly category: string;
  readonly messages: number;
  readonly amount: number;
}

/** All amounts are micro-units of the account's currency. */
export interface Bill {
  readonly account: {
    readonly name: string;
    readonly address: string;
    readonly tax_id: string;
    readonly currency: string;
    readonly mode: "prepaid" | "postpaid";
    readonly credit_limit: number;
    readonly spend_limit: number | null;
    readonly essential_limit: number | null;
    readonly alert_percent: number;
  };
  readonly month: string;
  /** Below zero: what is paid in advance. */
  readonly owed: number;
  readonly spent: number;
  readonly projected: number | null;
  readonly usage: readonly UsageRow[];
  readonly days: readonly DayRow[];
}

export interface InvoiceRow {
  readonly number: string;
  readonly kind: string;
  readonly about: string;
  readonly issued: string;
  readonly due: string | null;
  readonly currency: string;
  readonly total: number;
  /** What of it is not paid yet. */
  readonly open: number;
}
