// Draws a text of at most 42 letters as a QR code (version 3, level M), without a network.
"use strict";

const SIDE = 29;
const ROOM = 44;
const REPAIR = 26;
const FORMAT = 0b101010000010010; // Level M, mask 0, with the check bits and the mask of the standard.

// Multiplication in the field the repair bytes are reckoned in.
function times(one, other) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    if ((other >> bit) & 1) product ^= one;
  }
  return product;
}

function repairBytes(message) {
  let divisor = [1];
  for (let power = 0, root = 1; power < REPAIR; power += 1, root = times(root, 2)) {
    const next = [...divisor, 0];
    divisor.forEach((factor, place) => { next[place + 1] ^= times(factor, root); });
    divisor = next;
  }
  const rest = [...message, ...new Array(REPAIR).fill(0)];
  for (let place = 0; place < message.length; place += 1) {
    const lead = rest[place];
    divisor.forEach((factor, offset) => { rest[place + offset] ^= times(factor, lead); });
  }
  return rest.slice(message.length);
}

function messageBytes(text) {
  const letters = [...new TextEncoder().encode(text)];
  if (letters.length > ROOM - 2) throw new RangeError("too long for this code");
  const halves = [4, letters.length >> 4, letters.length & 15];
  for (const letter of letters) halves.push(letter >> 4, letter & 15);
  halves.push(0);
  const bytes = [];
  for (let half = 0; half < halves.length; half += 2) bytes.push((halves[half] << 4) | halves[half + 1]);
  for (let filler = 0xec; bytes.length < ROOM; filler ^= 0xec ^ 0x11) bytes.push(filler);
  return bytes;
}

// What every code of this size has: null marks the places that are left for the message.
function frame() {
  const rows = Array.from({ length: SIDE }, () => new Array(SIDE).fill(null));
  const square = (row, column, half, dark) => {
    for (let y = -half; y <= half; y += 1) {
      for (let x = -half; x <= half; x += 1) {
        if (rows[row + y]?.[column + x] !== undefined) rows[row + y][column + x] = dark(Math.max(Math.abs(x), Math.abs(y)));
      }
    }
  };
  for (let place = 8; place < SIDE - 8; place += 1) rows[6][place] = rows[place][6] = place % 2 === 0;
  for (const [row, column] of [[3, 3], [3, SIDE - 4], [SIDE - 4, 3]]) square(row, column, 4, (ring) => ring !== 2 && ring !== 4);
  square(22, 22, 2, (ring) => ring !== 1);
  for (let bit = 0; bit < 15; bit += 1) {
    const dark = Boolean((FORMAT >> bit) & 1);
    rows[bit < 6 ? bit : bit < 8 ? bit + 1 : SIDE - 15 + bit][8] = dark;
    rows[8][bit < 8 ? SIDE - 1 - bit : bit < 9 ? 15 - bit : 14 - bit] = dark;
  }
  rows[SIDE - 8][8] = true;
  return rows;
}

function qrModules(text) {
  const message = messageBytes(text);
  const bytes = [...message, ...repairBytes(message)];
  const rows = frame();
  let next = 0;
  let upwards = true;
  for (let right = SIDE - 1; right > 0; right -= right === 8 ? 3 : 2) {
    for (let step = 0; step < SIDE; step += 1) {
      const row = upwards ? SIDE - 1 - step : step;
      for (const column of [right, right - 1]) {
        if (rows[row][column] !== null) continue;
        const dark = Boolean((bytes[next >> 3] >> (7 - (next & 7))) & 1);
        rows[row][column] = dark !== ((row + column) % 2 === 0);
        next += 1;
      }
    }
    upwards = !upwards;
  }
  return rows;
}

// The dark modules as the path of an SVG.
function qrPath(text) {
  return qrModules(text).flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ""))).join("");
}
