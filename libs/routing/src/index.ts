export { createRoutingTable, type Route, RouteError, type RoutingTable } from './routing-table.ts';
export { createWeightedRoundRobin, type WeightedRoundRobin } from './weighted-round-robin.ts';
export { highestWeight, integerWeights, milliWeights, weightsProblem } from './weights.ts';
