/**
 * Drops repeated values of a lookup.
 *
 * @throws RangeError on more values than one call takes, or an empty one, which many systems read as "no filter":
 *   both are bugs of the caller
 */
export const checkValues = (field: string, values: readonly string[], max: number): readonly string[] => {
  if (values.length > max) {
    throw new RangeError(`Cannot look up ${values.length} values of "${field}": one call takes at most ${max}`);
  }
  if (values.includes('')) throw new RangeError(`Cannot look up an empty value of "${field}"`);
  return [...new Set(values)];
};
