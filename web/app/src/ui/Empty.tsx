import type { ReactNode } from "react";
import { Logo } from "./Logo.tsx";

interface Props {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  icon?: ReactNode;
  /** It is all that is on the page. */
  alone?: boolean;
}

/** Mark, one sentence, one action. */
export function Empty({ title, children, action, icon, alone = false }: Props) {
  const Heading = alone ? "h1" : "h2";
  return (
    <div className="m-auto flex max-w-80 flex-col items-center gap-2 p-6 text-center">
      {icon ?? <Logo size={44} />}
      <Heading className="mt-2 text-lg font-[650]">{title}</Heading>
      {children && <p className="text-sm text-ink-2">{children}</p>}
      {action && <div className="mt-3">{action}</div>}
    </div>
  );
}
