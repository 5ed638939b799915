/** Somebody writes: three dots that come and go. The words beside them say it. */
export function Dots() {
  return (
    <span className="dots" aria-hidden="true">
      <i />
      <i />
      <i />
    </span>
  );
}
