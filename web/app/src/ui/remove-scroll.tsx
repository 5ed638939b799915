/** Stands in for the package of this name: our page does not scroll as a whole, there is nothing to lock. */

import { cloneElement, isValidElement, type ReactNode, type Ref } from "react";

interface Props {
  children?: ReactNode;
  as?: React.ElementType;
  ref?: Ref<HTMLElement>;
  enabled?: boolean;
  allowPinchZoom?: boolean;
  shards?: unknown;
}

export function RemoveScroll({
  children,
  as: As,
  enabled: _e,
  allowPinchZoom: _a,
  shards: _s,
  ...rest
}: Props) {
  if (As) return <As {...rest}>{children}</As>;
  return isValidElement(children) ? cloneElement(children, rest) : children;
}
