// Loading dicom-microscopy-viewer, the engine that SLIM uses too. It is a classic script with a global; once a page.

import { Failure } from './failure.js';

const folder = document.querySelector('meta[name=engine]').content;
let loading;

/** `{DICOMwebClient}`: small, needed by every view. */
export const loadClient = async () => (await import(`${folder}dicomweb-client.js`)).api;

/** The engine's global; asked for early, so that a slide opens at once. */
export function loadEngine() {
  loading ??= new Promise((resolve, reject) => {
    // The engine logs whole slides and layers: a console keeps what it shows, patients' names and all.
    console.info = console.log = console.debug = () => {};
    // Where the engine looks for its worker and decoders; it would guess /static/js/ otherwise.
    window.PUBLIC_LIB_URL = new URL(folder, location.href).href;
    const onload = () => resolve(window.dicomMicroscopyViewer);
    const onerror = () => reject(new Failure('config', 'The image engine is missing from this site.'));
    const script = Object.assign(document.createElement('script'), { src: `${folder}viewer.js`, onload, onerror });
    document.head.append(script);
  });
  return loading;
}
