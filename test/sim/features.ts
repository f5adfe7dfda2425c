import { shapeFeatures, type ShapeFeature } from './shape.ts';
import { faultKinds, type FaultKind } from './swarm.ts';

/** What a world is made to have, whatever its seed: faults, and ways of being. */
export type Feature = FaultKind | ShapeFeature;

const isShape = (name: string): name is ShapeFeature => Object.hasOwn(shapeFeatures, name);

export const faultsIn = (features: readonly Feature[]): FaultKind[] =>
  faultKinds.filter((kind) => features.includes(kind));

export const shapesIn = (features: readonly Feature[]): ShapeFeature[] => features.filter(isShape);

/** @throws RangeError for a name that is none */
export const featureNamed = (name: string): Feature => {
  const found = isShape(name) ? name : faultKinds.find((kind) => kind === name);
  if (found !== undefined) return found;
  throw new RangeError(`Cannot make a world with "${name}": see test/sim/swarm.ts and test/sim/shape.ts for the names`);
};
