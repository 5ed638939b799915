import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";

interface Props extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "aria-label"> {
  /** The name: what a screen reader says and a pointer shows. */
  label: string;
  children: ReactNode;
  active?: boolean;
  small?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

export function IconButton({ label, children, active, small, className = "", ...rest }: Props) {
  const classes = ["icon-btn", active && "on", small && "small", className].filter(Boolean).join(" ");
  return (
    <button type="button" className={classes} aria-label={label} title={label} {...rest}>
      {children}
    </button>
  );
}
