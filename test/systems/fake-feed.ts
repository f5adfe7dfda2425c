type Entry = { readonly sequence: number; readonly id: string; readonly version: number; readonly deleted?: true };

/**
 * A feed of changes as CouchDB and Orthanc have one: each record once, in the place of its last change. A deletion is a
 * row of its own, or makes the record vanish from the feed. It has a page limit of its own.
 */
export type FakeFeed = {
  readonly fetch: typeof fetch;
  /** Versions of the records that are there, by ID. */
  readonly alive: () => ReadonlyMap<string, number>;
  readonly touch: (index: number) => void;
  readonly remove: (index: number) => void;
};

export type FakeFeedRules = {
  readonly records: number;
  readonly clamp: number;
  readonly since: 'at-or-after' | 'after';
  readonly deletions: 'marked' | 'vanish';
};

export const createFakeFeed = ({ records, clamp, since, deletions }: FakeFeedRules): FakeFeed => {
  let last = records;
  let entries: Entry[] = Array.from({ length: records }, (_entry, index) => ({
    sequence: index + 1,
    id: `r${index}`,
    version: 1,
  }));
  const present = (): Entry[] => entries.filter(({ deleted }) => deleted !== true);

  const list = (url: URL): Response => {
    const from = url.searchParams.get('since');
    const limit = Math.min(Number(url.searchParams.get('limit') ?? clamp), clamp);
    const isBehind = ({ sequence }: Entry): boolean =>
      from === null || (since === 'after' ? sequence > Number(from) : sequence >= Number(from));
    const page = entries.filter(isBehind).slice(0, limit);
    return Response.json({ results: page });
  };

  const one = (id: string): Response => {
    const found = present().find((entry) => entry.id === id);
    return found === undefined ? new Response('{}', { status: 404 }) : Response.json({ now: found.version });
  };

  const move = (index: number, change: (entry: Entry) => Entry | undefined): void => {
    const target = present()[index % Math.max(present().length, 1)];
    if (target === undefined) return;
    last += 1;
    const changed = change({ ...target, sequence: last });
    entries = [...entries.filter((entry) => entry !== target), ...(changed === undefined ? [] : [changed])];
  };

  return {
    fetch: (input) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const id = /\/rows\/(.+)$/.exec(url.pathname)?.[1];
      return Promise.resolve(id === undefined ? list(url) : one(id));
    },
    alive: () => new Map(present().map(({ id, version }) => [id, version])),
    touch: (index) => move(index, (entry) => ({ ...entry, version: entry.version + 1 })),
    remove: (index) => move(index, (entry) => (deletions === 'marked' ? { ...entry, deleted: true } : undefined)),
  };
};
