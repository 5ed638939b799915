import { type PointerEvent, type RefObject, useEffect, useRef, useState } from "react";
import { CLOSE, held, STEP, swipeOf, WHOLE, type Zoom, zoomed } from "./zoom.ts";

interface Options {
  /** The picture; another one starts whole. */
  of: string;
  stage: RefObject<HTMLElement | null>;
  picture: RefObject<HTMLElement | null>;
  onSwipe: (meant: "next" | "previous" | "close") => void;
}

interface Point {
  x: number;
  y: number;
}

/** Zoom by wheel, pinch, double tap and buttons; move by dragging; swipe while the picture is whole. */
export function useZoom({ of, stage, picture, onSwipe }: Options) {
  const [zoom, setZoom] = useState<Zoom>(WHOLE);
  const fingers = useRef(new Map<number, Point>());
  const swipe = useRef<Point>({ x: 0, y: 0 });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another picture starts whole
  useEffect(() => {
    setZoom(WHOLE);
    fingers.current.clear();
  }, [of]);

  const size = () => ({
    width: picture.current?.offsetWidth ?? 0,
    height: picture.current?.offsetHeight ?? 0,
  });
  const fromMiddle = (x: number, y: number): Point => {
    const box = stage.current?.getBoundingClientRect();
    return box ? { x: x - box.x - box.width / 2, y: y - box.y - box.height / 2 } : { x: 0, y: 0 };
  };
  const by = (factor: number, point: Point = { x: 0, y: 0 }) =>
    setZoom((now) => zoomed(now, factor, point, size()));

  const wheel = useRef<(event: WheelEvent) => void>(undefined);
  wheel.current = (event) => {
    // With the control key the browser would enlarge the whole page.
    event.preventDefault();
    by(Math.exp(-event.deltaY / 300), fromMiddle(event.clientX, event.clientY));
  };
  useEffect(() => {
    const element = stage.current;
    const turn = (event: WheelEvent) => wheel.current?.(event);
    element?.addEventListener("wheel", turn, { passive: false });
    return () => element?.removeEventListener("wheel", turn);
  }, [stage]);

  const handlers = {
    onPointerDown: (event: PointerEvent) => {
      if ((event.target as HTMLElement).closest("button, video")) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      fingers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
      swipe.current = { x: 0, y: 0 };
    },
    onPointerMove: (event: PointerEvent) => {
      const before = fingers.current.get(event.pointerId);
      if (!before) return;
      const now = { x: event.clientX, y: event.clientY };
      const other = [...fingers.current].find(([id]) => id !== event.pointerId)?.[1];
      fingers.current.set(event.pointerId, now);
      if (other) {
        const apart = (one: Point) => Math.hypot(one.x - other.x, one.y - other.y) || 1;
        by(apart(now) / apart(before), fromMiddle((now.x + other.x) / 2, (now.y + other.y) / 2));
        return;
      }
      const [dx, dy] = [now.x - before.x, now.y - before.y];
      swipe.current = { x: swipe.current.x + dx, y: swipe.current.y + dy };
      setZoom((zoom) => (zoom.scale > 1 ? held({ ...zoom, x: zoom.x + dx, y: zoom.y + dy }, size()) : zoom));
    },
    onPointerUp: (event: PointerEvent) => {
      const alone = fingers.current.delete(event.pointerId) && fingers.current.size === 0;
      if (!alone || zoom.scale > 1 || event.pointerType === "mouse") return;
      const meant = swipeOf(swipe.current.x, swipe.current.y);
      if (meant) onSwipe(meant);
    },
    onPointerCancel: (event: PointerEvent) => {
      fingers.current.delete(event.pointerId);
    },
    onDoubleClick: (event: { clientX: number; clientY: number }) => {
      if (zoom.scale > 1) setZoom(WHOLE);
      else by(CLOSE, fromMiddle(event.clientX, event.clientY));
    },
  };
  const keys: Record<string, () => void> = {
    "+": () => by(STEP),
    "=": () => by(STEP),
    "-": () => by(1 / STEP),
    "0": () => setZoom(WHOLE),
  };
  return {
    isWhole: zoom.scale === 1,
    style: { transform: `translate(${zoom.x}px, ${zoom.y}px) scale(${zoom.scale})` },
    handlers,
    toggle: () => (zoom.scale > 1 ? setZoom(WHOLE) : by(CLOSE)),
    onKey: (key: string) => keys[key]?.(),
  };
}
