import { Trans } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { LanguageMenu } from "./LanguageMenu.tsx";
import { Logo } from "./Logo.tsx";

/** What stands around a page before anybody is signed in: whose door this is, and the language. */
export function FrontPage({ domain, children }: { domain: string | undefined; children: ReactNode }) {
  return (
    <div className="flex h-dvh flex-col items-center gap-6 overflow-y-auto bg-ground p-4 sm:px-12 sm:py-8">
      <header className="flex w-full max-w-[1100px] items-center gap-3">
        <Logo size={40} />
        <b className="text-[24px] font-[720] tracking-[-.03em]">plauder</b>
        <p className="ms-auto hidden text-ink-2 md:block">
          <Trans>Free for people. No ads in chats.</Trans>{" "}
          {domain && (
            <Trans>
              Run by <b className="text-ink">{domain}</b>
            </Trans>
          )}
        </p>
        <span className="ms-auto md:ms-3">
          <LanguageMenu />
        </span>
      </header>
      {children}
    </div>
  );
}
