import { useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { ChevronLeft } from "lucide-react";
import type { ReactNode } from "react";

/** One page of the settings: title with a way back on phones, content in a readable column. */
export function Page({ title, children }: { title: string; children: ReactNode }) {
  const { t } = useLingui();
  return (
    <div className="flex min-h-0 flex-col bg-[image:var(--wash)] bg-ground">
      <header className="bar sm:hidden">
        <Link to="/settings" className="icon-btn" aria-label={t`Back to settings`}>
          <ChevronLeft size={22} className="rtl:rotate-180" />
        </Link>
        <h1>{title}</h1>
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto">
        <div className="mx-auto flex w-full max-w-[640px] flex-col gap-5 p-4 sm:p-8">
          <h1 className="hidden text-3xl font-[690] tracking-[-.022em] sm:block">{title}</h1>
          {children}
        </div>
      </div>
    </div>
  );
}

export function Group({ title, hint, children }: { title?: string; hint?: string; children: ReactNode }) {
  return (
    <section {...(title ? { "aria-label": title } : {})}>
      {title && <h2 className="mb-2 px-1 text-sm font-[650] text-ink-2">{title}</h2>}
      <div className="card overflow-hidden">{children}</div>
      {hint && <p className="hint mt-2 px-1">{hint}</p>}
    </section>
  );
}
