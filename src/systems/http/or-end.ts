/** What the work comes to, or a rejection with the signal's reason where that comes first. The work goes on by itself. */
export const orEnd = <T>(work: Promise<T>, signal: AbortSignal): Promise<T> => Promise.race([work, endOf(signal)]);

const endOf = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    const end = (): void => reject(signal.reason);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
