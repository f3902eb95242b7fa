"""Pages that `benchmarks.viewer` compares with: the bare engine, and OpenSeadragon on the same tiles.

OpenSeadragon is no dependency: the benchmark takes its script from a file that somebody got by hand.
"""

ENGINE_HTML = """<!doctype html><meta charset="utf-8"><title>Engine</title>
<link rel="modulepreload" href="{engine}/dicomweb-client.js">
<script src="/config/local.js"></script><script src="{engine}/viewer.js"></script>
<style>html, body, #box {{ margin: 0; height: 100% }}</style><div id="box"></div>
<script type="module" src="/assets/peer/main.js"></script>
"""
ENGINE_JS = """import {{ api }} from '{engine}/dicomweb-client.js';
const {{ metadata, viewer }} = dicomMicroscopyViewer;
const [, , studyInstanceUID, , seriesInstanceUID] = location.pathname.split('/');
const Authorization = `Bearer ${{JSON.parse(sessionStorage.session).token}}`;
const client = new api.DICOMwebClient({{ url: config.servers[0].url, headers: {{ Authorization }} }});
const read = (series) => client.retrieveSeriesMetadata({{ studyInstanceUID, seriesInstanceUID: series }});
const show = (items) => {{
  const images = items.map((item) => new metadata.VLWholeSlideMicroscopyImage({{ metadata: item }}));
  const shown = new viewer.VolumeImageViewer({{ client, metadata: images, controls: ['overview'] }});
  shown.render({{ container: document.getElementById('box') }});
  return shown;
}};
await client.searchForSeries({{ studyInstanceUID, queryParams: {{ Modality: 'SM' }} }});
const first = show(await read(seriesInstanceUID));
window.prepareChange = async (series) => {{
  const items = await read(series);
  window.change = () => {{
    first.cleanup();
    document.getElementById('box').replaceChildren();
    show(items);
  }};
}};
"""
PUBLIC_LIB = "window.PUBLIC_LIB_URL = new URL('{engine}/', location.href).href;\n"

SEADRAGON_HTML = """<!doctype html><meta charset="utf-8"><title>OpenSeadragon</title>
<script src="/config/local.js"></script><script src="/assets/peer/openseadragon.js"></script>
<style>html, body, #box { margin: 0; height: 100% }</style><div id="box"></div>
<script type="module" src="/assets/peer/main.js"></script>
"""
SEADRAGON_JS = """const [, , study, , series] = location.pathname.split('/');
const headers = { Authorization: `Bearer ${JSON.parse(sessionStorage.session).token}` };
const root = `${config.servers[0].url}/studies/${study}/series`;
const number = (item, tag) => Number(item[tag].Value[0]);
const json = { headers: { ...headers, Accept: 'application/dicom+json' } };
const found = await (await fetch(`${root}/${series}/metadata`, json)).json();
const levels = found.map((item) => ({
  uid: item['00080018'].Value[0], tile: number(item, '00280011'),
  width: number(item, '00480006'), height: number(item, '00480007'),
})).sort((one, other) => one.width - other.width);
const base = levels.at(-1);
const jpeg = (bytes) => {
  const at = (first, second, from, way) => {
    for (let place = from; ; place += way) if (bytes[place] === first && bytes[place + 1] === second) return place;
  };
  const picture = bytes.slice(at(0xff, 0xd8, 0, 1), at(0xff, 0xd9, bytes.length - 2, -1) + 2);
  return new Blob([picture], { type: 'image/jpeg' });
};
OpenSeadragon({
  element: document.getElementById('box'), showNavigationControl: false, degrees: 180, immediateRender: true,
  drawer: 'canvas',
  tileSources: {
    width: base.width, height: base.height, tileSize: base.tile, minLevel: 0, maxLevel: levels.length - 1,
    getLevelScale: (level) => levels[level].width / base.width,
    getTileUrl: (level, x, y) => {
      const { uid, width, tile } = levels[level];
      return `${root}/${series}/instances/${uid}/frames/${y * Math.ceil(width / tile) + x + 1}`;
    },
    downloadTileStart: async (job) => {
      tiles.started += 1;
      try {
        const Accept = 'multipart/related; type="application/octet-stream"; transfer-syntax=*';
        const answer = await fetch(job.src, { headers: { ...headers, Accept } });
        const picture = await createImageBitmap(jpeg(new Uint8Array(await answer.arrayBuffer())));
        const { width, height } = picture;
        const context = Object.assign(document.createElement('canvas'), { width, height }).getContext('2d');
        context.drawImage(picture, 0, 0);
        job.finish(context, null, 'context2d');
        tiles.ended += 1;
        tiles.last = performance.now();
        tiles.names.push(job.src.split('/instances/')[1].replace('/frames', ''));
      } catch (error) {
        tiles.failed += 1;
        job.fail(String(error), null);
      }
    },
    downloadTileAbort: () => {},
  },
});
"""
