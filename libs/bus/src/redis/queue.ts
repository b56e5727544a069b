/** First in, first out, in constant time. */
export interface Queue<T> {
  push(item: T): void;
  /** Puts an item back to the front. */
  unshift(item: T): void;
  shift(): T | undefined;
  readonly front: T | undefined;
  readonly length: number;
}

/** Makes an empty queue. */
export function createQueue<T>(): Queue<T> {
  let items: (T | undefined)[] = [];
  let head = 0;
  return {
    push(item) {
      items.push(item);
    },
    unshift(item) {
      if (head > 0) items[--head] = item;
      else items.unshift(item);
    },
    shift() {
      const item = items[head];
      if (head === items.length) return undefined;
      items[head++] = undefined;
      if (head === items.length) {
        items = [];
        head = 0;
      } else if (head >= 1024 && head * 2 >= items.length) {
        items = items.slice(head);
        head = 0;
      }
      return item;
    },
    get front() {
      return items[head];
    },
    get length() {
      return items.length - head;
    },
  };
}
