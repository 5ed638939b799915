/** How a picture lies in its window: how much larger, and how far from the middle, in pixels of the window. */
export interface Zoom {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export const WHOLE: Zoom = { scale: 1, x: 0, y: 0 };
export const STEP = 1.6;
/** What a double tap goes to. */
export const CLOSE = 2.5;
const MOST = 8;

const within = (value: number, most: number): number => Math.max(-most, Math.min(most, value));

/** Not further than the picture's edge; `size` is the picture's when it is whole. */
export function held({ scale, x, y }: Zoom, { width, height }: Size): Zoom {
  return {
    scale,
    x: within(x, ((scale - 1) * width) / 2),
    y: within(y, ((scale - 1) * height) / 2),
  };
}

/** Larger or smaller by a factor; what lies under the point (from the window's middle) stays there. */
export function zoomed(zoom: Zoom, factor: number, point: { x: number; y: number }, size: Size): Zoom {
  const scale = Math.max(1, Math.min(MOST, zoom.scale * factor));
  const grown = scale / zoom.scale;
  return held(
    { scale, x: point.x - (point.x - zoom.x) * grown, y: point.y - (point.y - zoom.y) * grown },
    size,
  );
}

/** What a finger that moved so far and was lifted means, for a picture that is whole. */
export function swipeOf(dx: number, dy: number): "next" | "previous" | "close" | undefined {
  if (Math.abs(dx) > 60 && Math.abs(dx) > 1.5 * Math.abs(dy)) return dx < 0 ? "next" : "previous";
  return dy > 90 && dy > 1.5 * Math.abs(dx) ? "close" : undefined;
}
