import type { Json } from '../workflow/json';

/** Hands the browser a JSON file to save. */
export function downloadJson(json: Json, fileName: string): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(json, undefined, 2)], { type: 'application/json' }));
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = fileName;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** Lets the person pick one file; nothing comes of it when the dialog is dismissed. */
export function pickFile(accept: string, onPick: (file: File) => void): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = accept;
  input.onchange = () => {
    const file = input.files?.[0];
    if (file) {
      onPick(file);
    }
  };
  input.click();
}

/** A file name without its folder and ending. */
export function baseName(fileName: string): string {
  return fileName.replace(/^.*[\\/]/, '').replace(/\.[a-z0-9]+$/i, '') || 'Untitled';
}

export const OPENABLE = '.json,.png,.webp,.gif,.mp4,.webm,.mov,.safetensors,.sft,application/json,image/*,video/*';

const OTHER_MODELS = /\.(gguf|ckpt|pt|pth|bin|onnx)$/i;

/** Whether a name is one of a model file that the canvas has nothing to show of. */
export function isOtherModel(fileName: string): boolean {
  return OTHER_MODELS.test(fileName);
}

/** Whether a name is one of a safetensors file, also of one that is being written. */
export function isSafetensors(fileName: string): boolean {
  return /\.(safetensors|sft)(\.part)?$/i.test(fileName);
}
