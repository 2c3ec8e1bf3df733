import type { Address } from './address.ts'
import { seededRandom, type Random } from './random.ts'

const beginnings = [
  'Alder', 'Ash', 'Barn', 'Birch', 'Brook', 'Clay', 'Cold', 'Deep', 'Elm', 'Fern', 'Glen', 'Green', 'Heath', 'Holm',
  'Kings', 'Lang', 'Long', 'Marsh', 'Mill', 'Moss', 'North', 'Oak', 'Old', 'Red', 'Rock', 'Salt', 'Sand', 'Stone',
  'Thorn', 'Upper', 'Wel', 'White', 'Wind', 'Wood',
] // prettier-ignore
const endings = [
  'bridge',
  'bury',
  'cliff',
  'dale',
  'field',
  'ford',
  'ham',
  'haven',
  'mere',
  'mouth',
  'stead',
  'ton',
  'wick',
]
const streets = [
  'Bridge', 'Canal', 'Castle', 'Cherry Tree', 'Church', 'Dock', 'Garden', 'Harbour', 'High', 'Hill', 'Market', 'Meadow',
  'Mill', 'Orchard', 'Park', 'Quarry', 'River', 'School', 'Station', 'Tower', 'Water', 'West', 'Wharf', 'Well',
] // prettier-ignore
const kinds = ['Street', 'Road', 'Lane', 'Square', 'Row', 'Way']
const trades = [
  'Bakery', 'Bicycle Works', 'Brewery', 'Cinema', 'City Library', 'Clinic', 'Dairy', 'Foundry', 'Glassworks',
  'Hardware Store', 'Hotel', 'Museum', 'Music School', 'Paper Mill', 'Pharmacy', 'Post Office', 'Printing House',
  'Railway Depot', 'Sawmill', 'Swimming Bath', 'Tea Room', 'Theatre', 'Town Hall', 'Waterworks', "Women's Rowing Club",
] // prettier-ignore

/** Addresses that exist nowhere: the same ones for the same seed. No persons live there, only organisations. */
export function* generatedAddresses(count: number, seed = 1): Generator<Address> {
  const random = seededRandom(seed)
  for (let made = 0; made < count; made++) yield address(random)
}

function address(random: Random): Address {
  const beginning = random.below(beginnings.length)
  const ending = random.below(endings.length)
  const town = `${beginnings[beginning]}${endings[ending]}`
  const letter = random.below(8) === 0 ? 'abc'[random.below(3)] : ''
  return {
    organisation: `${town} ${random.pick(trades)}`,
    street: `${random.pick(streets)} ${random.pick(kinds)}`,
    houseNumber: `${1 + random.below(180)}${letter}`,
    postcode: `${String(beginning * endings.length + ending).padStart(3, '0')}${10 + random.below(90)}`,
    town,
  }
}
