// The readiness rules about one slide, rule id → check. A check tells problems; severities, limits and sentences are the
// table's, which the preparation job reads too. Pure.
//
// A check is `(slide, parameters) => [{problem, images, severity?, words?}]`; `slide` is `{images, own, labels}`: the pyramid of
// all series that form the slide, that of the series in question, and what else this series has.

import { key, levelsOf, oneConcatenation, pyramids } from './levels.js';

export const SLIDE_CHECKS = {
  R01({ own }, { slow_frames: slow }) {
    const sparse = own.filter((image) => image.sparse);
    const large = sparse.filter((image) => image.places > slow);
    return [
      ...about('missing', sparse.filter((image) => !image.places)),
      ...about('off_grid', sparse.filter((image) => image.misplaced), {}, 'WRONG'),
      ...about('large', large, { items: sum(large, (image) => image.places) }, 'SLOW'),
    ];
  },
  R02({ own }) {
    const bases = new Set([...pyramids(own).values()].map(([base]) => key(base)));
    return levelsOf(own).flatMap((level) => missingFrames(level, bases.has(key(level))));
  },
  R03({ images }) {
    const found = [...pyramids(images)].flatMap(([path, levels]) => levels
      .filter((level) => level.images.length > 1 && !oneConcatenation(level))
      .map((level) => {
        const series = new Set(level.images.map((image) => image.series)).size;
        const words = { columns: level.columns, rows: level.rows, path: path || '(none)', series };
        return { problem: series > 1 ? 'twin_series' : 'same_size', images: level.images, words };
      }));
    return firstOfEach(found);
  },
  R04({ own }) {
    return [['frame', 0], ['container', 1]].flatMap(([problem, at]) => {
      const told = new Set(own.map((image) => image.slide[at])).size;
      return told > 1 ? about(problem, own, { count_values: told }) : [];
    });
  },
  R05({ own }) {
    const depths = ({ images }) => new Set(images.map((image) => image.depth).filter((depth) => depth !== null)).size;
    const stacks = levelsOf(own).filter((level) => depths(level) > 1);
    const apart = new Set(stacks.flatMap((level) => level.images));
    const deep = own.filter((image) => image.planes > 1 || apart.has(image));
    const words = { planes: Math.max(...deep.map((image) => image.planes), ...stacks.map(depths)) };
    const mixed = deep.some((image) => image.paths.length > 1);
    return mixed ? about('mixed', deep, words, 'WRONG') : about('planes', deep, words);
  },
  R06({ images }) {
    const colour = images.filter((image) => image.samples > 1);
    const lacking = colour.filter((image) => !image.icc);
    if (lacking.length && lacking.length < colour.length) return about('partial', lacking);
    const profiles = new Set(colour.map((image) => image.profile).filter(Boolean)).size;
    return profiles > 1 ? about('different', colour, { profiles }, 'WARN') : [];
  },
  R08({ own }) {
    return about('colour', own.filter((image) => image.samples > 1 && image.bits > 8));
  },
  R09({ images }, limits) {
    const widest = limits.largest_ratio * (1 + limits.ratio_tolerance);
    return firstOfEach([...pyramids(images).values()].flatMap((levels) => {
      const coarsest = levels.at(-1);
      const steps = levels.slice(1).map((coarser, place) => [levels[place], coarser])
        .filter(([finer, coarser]) => finer.tiles > limits.coarsest_tiles
          && finer.columns > widest * Math.max(coarser.columns, 1));
      return [
        ...coarsest.tiles > limits.coarsest_tiles ? about('coarsest', coarsest.images, coarsest) : [],
        ...steps.flatMap(([finer, coarser]) => about(
          'ratio', [...finer.images, ...coarser.images], { finer: finer.columns, coarser: coarser.columns })),
      ];
    }));
  },
  R10({ own }, { tolerance, turn }) {
    const [crooked, odd, turned] = [new Set(), new Set(), new Set()];
    for (const [{ images: [base] }, ...others] of pyramids(own).values()) {
      for (const image of others.flatMap((level) => level.images)) {
        if (image.orientation.some((cosine, at) => Math.abs(cosine - base.orientation[at]) > turn)) turned.add(image);
        const smallest = Math.min(image.totalColumns, image.totalRows);
        if (smallest < 1) continue;
        const ratio = base.totalColumns / image.totalColumns;
        // A pixel more or less is rounding.
        const slack = tolerance + 1 / smallest;
        if (base.spacing && image.spacing && Math.abs(image.spacing / base.spacing / ratio - 1) > slack) crooked.add(image);
        if (Math.abs(base.totalRows / image.totalRows / ratio - 1) > 2 * slack) odd.add(image);
      }
    }
    return [
      ...about('spacing', [...crooked]), ...about('turned', [...turned], {}, 'WRONG'), ...about('aspect', [...odd]),
    ];
  },
  R11({ own, images }) {
    const odd = own.filter((image) => image.samples !== 1 && image.samples !== 3);
    const strange = own.filter((image) => !odd.includes(image) && !shown(image));
    const both = new Set(images.map((image) => image.samples === 1)).size > 1;
    return [
      ...grouped(odd, (image) => ({ samples: image.samples })).flatMap(([words, of]) => about('samples', of, words)),
      ...grouped(strange, (image) => ({ photometric: image.photometric || 'nothing known' }))
        .flatMap(([words, of]) => about('photometric', of, words)),
      ...both ? about('mixed', images) : [],
    ];
  },
  R12({ own }) {
    // Too few: the others stay empty. Too many: the engine throws at the first one that is not described.
    const counted = own.filter(({ sparse, paths }) => !sparse && paths.length);
    const few = counted.filter(({ paths, pathsTold }) => pathsTold < paths.length);
    const many = counted.filter(({ paths, pathsTold }) => pathsTold > paths.length);
    const counts = ({ paths, pathsTold }) => ({ paths: paths.length, told: pathsTold });
    return [
      ...grouped(own.filter((image) => image.missing.length), (image) => ({ keywords: image.missing.join(', ') }))
        .flatMap(([words, of]) => about('missing', of, words)),
      ...about('unidentified', own.filter((image) => image.sparse && image.unidentified)),
      ...grouped(few, counts).flatMap(([words, of]) => about('channels', of, words, 'WRONG')),
      ...grouped(many, counts).flatMap(([words, of]) => about('undescribed', of, words)),
    ];
  },
  R14({ own }, { smallest, largest }) {
    const useful = (edge) => smallest <= edge && edge <= largest;
    const odd = own.filter((image) => image.frames > 1 && !(useful(image.columns) && useful(image.rows)));
    return grouped(odd, ({ columns, rows }) => ({ columns, rows })).flatMap(([words, of]) => about('edge', of, words));
  },
  R15({ own, labels }, { largest_bytes: most }) {
    const full = [...own, ...labels].filter((image) => !image.sparse);
    const bytes = sum(full, (image) => image.metadataBytes);
    return bytes > most ? about('bytes', full, { megabytes: (bytes / 1e6).toFixed(1) }) : [];
  },
  R16({ own }) {
    const coarser = [...pyramids(own).values()].flatMap((levels) => levels.slice(1).flatMap((level) => level.images));
    return about('type', [...new Set(coarser)].filter(({ flavour, type }) => flavour === 'VOLUME'
      && !(type[0] === 'DERIVED' && type[3] === 'RESAMPLED')));
  },
};

/** Over all parts of a concatenation; a sparse level may leave tiles out, but no parts. */
function missingFrames({ images, columns, rows, tiles }, base) {
  const parts = Math.max(...images.map((image) => image.parts));
  if (parts > images.length) return about('part', images, { columns, rows, have: images.length, parts });
  const [first] = images;
  const frames = sum(images, (image) => image.frames);
  const expected = tiles * Math.max(first.paths.length, 1) * Math.max(first.planes, 1);
  // Twins (R03) would add up to twice the frames.
  const single = images.length === 1 || images.some((image) => image.source);
  if (!images.some((image) => image.sparse) && frames !== expected && single) {
    return about(base ? 'count' : 'level', images, { columns, rows, frames, expected });
  }
  // The engine counts each part's frames from the level's first tile: only positions tell it where a part belongs.
  const joined = images.length > 1 && oneConcatenation({ images }) && !images.every((image) => image.sparse);
  return joined ? about('joined', images, { columns, rows, parts: images.length }) : [];
}

/** A problem of these images; none without images. */
function about(problem, images, words = {}, severity = undefined) {
  return images.length ? [{ problem, images, words, severity }] : [];
}

/** An image with several optical paths would be reported once for each. */
function firstOfEach(found) {
  const name = ({ images }) => images.map((image) => image.instance).sort().join();
  return found.filter((one, place) => found.findIndex((other) => name(other) === name(one)) === place);
}

function grouped(images, wordsOf) {
  const groups = Map.groupBy(images, (image) => JSON.stringify(wordsOf(image)));
  return [...groups].map(([words, of]) => [JSON.parse(words), of]);
}

function shown({ samples, photometric }) {
  return samples === 1 ? photometric === 'MONOCHROME2' : photometric === 'RGB' || photometric.startsWith('YBR_');
}

function sum(images, of) {
  return images.reduce((total, image) => total + of(image), 0);
}
