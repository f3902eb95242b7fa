// Which images become which levels: the engine's decisions, as the preparation job mirrors them. Pure.

import { tiles } from './image.js';

/** Optical path → its levels, finest first; a level is `{images, columns, rows, tiles}`. */
export function pyramids(images) {
  const paths = new Map();
  for (const image of kept(images)) {
    const own = image.samples > 1 ? image.paths.slice(0, 1) : image.paths;
    for (const path of own.length ? own : ['']) {
      const sizes = paths.get(path) ?? paths.set(path, new Map()).get(path);
      const size = `${image.totalColumns} ${image.totalRows}`;
      sizes.set(size, [...sizes.get(size) ?? [], image]);
    }
  }
  const area = ({ columns, rows }) => columns * rows;
  return new Map([...paths].sort(([one], [other]) => (one < other ? -1 : 1)).map(([path, sizes]) => (
    [path, [...sizes.values()].map(levelOf).sort((one, other) => area(other) - area(one))])));
}

/** Every level once, also where several optical paths share its images. */
export function levelsOf(images) {
  const every = [...pyramids(images).values()].flat();
  return [...new Map(every.map((level) => [key(level), level])).values()];
}

export function key(level) {
  return level.images.map((image) => image.instance).join();
}

/** The engine needs the UID of the source on every part. */
export function oneConcatenation({ images: [first, ...others] }) {
  return first.source !== '' && others.every((image) => image.source === first.source);
}

function levelOf(images) {
  const [first] = images;
  return { images, columns: first.totalColumns, rows: first.totalRows, tiles: tiles(first) };
}

/** A THUMBNAIL is a level unless a VOLUME is as wide; a VOLUME coarser than the thumbnail is left out. */
function kept(images) {
  const of = (flavour) => images.filter((image) => image.flavour === flavour);
  const widths = new Set(of('VOLUME').map((image) => image.totalColumns));
  const thumbnails = of('THUMBNAIL').filter((image) => !widths.has(image.totalColumns));
  const narrowest = thumbnails.length ? Math.min(...thumbnails.map((image) => image.totalColumns)) : 0;
  return [...of('VOLUME').filter((image) => image.totalColumns >= narrowest), ...thumbnails];
}
