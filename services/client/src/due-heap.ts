/** Something that is due. */
export interface Due {
  /** UNIX seconds; must not change while it is in a heap, but by `advance`. */
  due: number;
  /** Order among those that are due at the same time. */
  readonly order: number;
}

const before = (one: Due, other: Due) => one.due < other.due || (one.due === other.due && one.order < other.order);

/** A binary heap: what is due first is on top. */
export function createDueHeap<T extends Due>() {
  const items: T[] = [];

  function swap(i: number, j: number): void {
    const item = items[i]!;
    items[i] = items[j]!;
    items[j] = item;
  }

  function sink(index: number): void {
    let parent = index;
    for (;;) {
      const left = 2 * parent + 1;
      const right = left + 1;
      let first = parent;
      if (left < items.length && before(items[left]!, items[first]!)) first = left;
      if (right < items.length && before(items[right]!, items[first]!)) first = right;
      if (first === parent) return;
      swap(parent, first);
      parent = first;
    }
  }

  function rise(index: number): void {
    for (let child = index; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!before(items[child]!, items[parent]!)) return;
      swap(child, parent);
      child = parent;
    }
  }

  function removeAt(index: number): void {
    const last = items.pop()!;
    if (index === items.length) return;
    items[index] = last;
    rise(index);
    sink(index);
  }

  return {
    /** What is due first. */
    top: (): T | undefined => items[0],
    push(item: T): void {
      items.push(item);
      rise(items.length - 1);
    },
    /** Gives the top a new, later time. */
    advance(due: number): void {
      items[0]!.due = due;
      sink(0);
    },
    /** Takes the top out. */
    pop: (): void => removeAt(0),
    /** Takes an item out, if it is in. */
    remove(item: T): void {
      const index = items.indexOf(item);
      if (index >= 0) removeAt(index);
    },
  };
}
