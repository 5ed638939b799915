/** Drawn faces, marks and scenes of the demo world. */

function url(svg: string): string {
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

export const faces = {
  bruno: url(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" fill="#cfe6ef"/><path d="M6 50c0-10 8-14.5 18-14.5S42 40 42 50z" fill="#1d5b78"/><path d="M20 29h8v7.5c0 2-1.8 3.3-4 3.3s-4-1.3-4-3.3z" fill="#f0c3a0"/><ellipse cx="24" cy="22" rx="8.6" ry="10" fill="#f0c3a0"/><path d="M15.3 19.5c-1-7.5 3-11 8.7-11s9.7 3.5 8.7 11c-1-3-2-4-3.2-5-3 1-8 1-11 0-1.2 1-2.4 2-3.2 5z" fill="#8a5a34"/><path d="M15.8 22.5c.5 7.5 3.2 11.5 8.2 11.5s7.7-4 8.2-11.5c-1.5 3-3.5 3.8-8.2 3.8s-6.7-.8-8.2-3.8z" fill="#8a5a34"/></svg>',
  ),
  kolibri: url(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" fill="#12305c"/><path d="M10 30c8 1 13-3 16-10l3-8 1.5 7.5L40 17l-8 6c-2 8-8 13-17 12z" fill="#ffd166"/><path d="M12 22c5 0 9-2 12-6-3-2-7-2.5-12 6z" fill="#7fd0ec"/></svg>',
  ),
  hikers: url(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" fill="#3d6b4f"/><path d="m6 38 11-18 7 10 5-7 13 15z" fill="#dff2e3"/><circle cx="34" cy="14" r="4" fill="#ffd166"/></svg>',
  ),
  zugvogel: url(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" fill="#f3b62f"/><path d="M8 20c6-1 10 1 13 6 2-7 7-12 19-14-5 4-8 8-10 13-2 6-6 9-11 9 1-2 1.5-3.5 1-5.5C18 24 14 21 8 20z" fill="#2a2a2a"/></svg>',
  ),
  mae: url(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" fill="#e8e3f5"/><path d="M12.5 20c0-8 5-12 11.5-12s11.5 4 11.5 12v9.5h-23z" fill="#b9b4b0"/><path d="M6 50c0-10 8-14.5 18-14.5S42 40 42 50z" fill="#5a4b86"/><path d="M20 29h8v7.5c0 2-1.8 3.3-4 3.3s-4-1.3-4-3.3z" fill="#e6b592"/><ellipse cx="24" cy="22" rx="8.6" ry="10" fill="#e6b592"/><path d="M15.5 20c0-7 3.5-10.5 8.5-10.5s8.5 3.5 8.5 10.5c-4-.5-9-2-11-5.5-1 2.5-3 4.5-6 5.5z" fill="#b9b4b0"/></svg>',
  ),
  atelie: url(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" fill="#efe3d3"/><path d="M13 16h22c0 12-3 20-11 20S13 28 13 16z" fill="#b4552d"/><path d="M13 16h22c0 2-.1 4-.4 6-7 3-14 3-21.2 0-.3-2-.4-4-.4-6z" fill="#e9b44c"/><path d="M35 19c6-1 7 8-1.5 9" fill="none" stroke="#b4552d" stroke-width="2.6"/></svg>',
  ),
  livia: url(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" fill="#efe0f2"/><g fill="#241a1a"><circle cx="16" cy="18" r="7"/><circle cx="32" cy="18" r="7"/><circle cx="24" cy="13" r="8"/><circle cx="13.5" cy="25" r="5"/><circle cx="34.5" cy="25" r="5"/></g><path d="M6 50c0-10 8-14.5 18-14.5S42 40 42 50z" fill="#74397f"/><path d="M20 29h8v7.5c0 2-1.8 3.3-4 3.3s-4-1.3-4-3.3z" fill="#8d5a3c"/><ellipse cx="24" cy="22" rx="8.6" ry="10" fill="#8d5a3c"/><path d="M16 18c1-5 4-7 8-7s7 2 8 7c-3-2.5-5-3-8-3s-5 .5-8 3z" fill="#241a1a"/></svg>',
  ),
  kenji: url(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" fill="#dfe7ee"/><path d="M6 50c0-10 8-14.5 18-14.5S42 40 42 50z" fill="#44566b"/><path d="M20 29h8v7.5c0 2-1.8 3.3-4 3.3s-4-1.3-4-3.3z" fill="#efc9a5"/><ellipse cx="24" cy="22" rx="8.6" ry="10" fill="#efc9a5"/><path d="M15.3 20c-1-7.5 3-11.5 9-11.5 5.5 0 9 4 8.4 11.5-1-3-2-4.5-3.2-5.5-3 1-8 1-11 0-1.2 1-2.4 2.5-3.2 5.5z" fill="#1d1f24"/></svg>',
  ),
  deccan: url(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" fill="#7a1f3d"/><g fill="none" stroke="#ffd9a0" stroke-width="2.2"><path d="M10 15h28M10 21h28M10 27h28M10 33h28"/></g><g fill="#f28c38"><path d="m17 12 5 6-5 6-5-6zM31 24l5 6-5 6-5-6z"/></g></svg>',
  ),
  meera: url(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" fill="#fde8bf"/><circle cx="24" cy="7.5" r="5" fill="#1f1a1d"/><path d="M6 50c0-10 8-14.5 18-14.5S42 40 42 50z" fill="#a8471f"/><path d="M20 29h8v7.5c0 2-1.8 3.3-4 3.3s-4-1.3-4-3.3z" fill="#b5774a"/><ellipse cx="24" cy="22" rx="8.6" ry="10" fill="#b5774a"/><path d="M15.2 20C15 12.5 19 9.5 24 9.5s9 3 8.8 10.5c-2-4-5-6-8.8-6s-6.8 2-8.8 6z" fill="#1f1a1d"/></svg>',
  ),
  cousins: url(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" fill="#ffe0b8"/><path d="M12 23h24c0 9-5 13-12 13s-12-4-12-13z" fill="#c8431c"/><path d="M18 18c0-4 3-3 3-7M24 18c0-4 3-3 3-7M30 18c0-4 2-3 2-6" stroke="#8a5a34" stroke-width="2" fill="none"/></svg>',
  ),
  rahul: url(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" fill="#e0ecd9"/><path d="M6 50c0-10 8-14.5 18-14.5S42 40 42 50z" fill="#39694a"/><path d="M20 29h8v7.5c0 2-1.8 3.3-4 3.3s-4-1.3-4-3.3z" fill="#9a6240"/><ellipse cx="24" cy="22" rx="8.6" ry="10" fill="#9a6240"/><path d="M15.3 19.5c-1-7.5 3-11 8.7-11s9.7 3.5 8.7 11c-1-3-2-4-3.2-5-3 1-8 1-11 0-1.2 1-2.4 2-3.2 5z" fill="#15120f"/><path d="M15.8 22.5c.5 7.5 3.2 11.5 8.2 11.5s7.7-4 8.2-11.5c-1.5 3-3.5 3.8-8.2 3.8s-6.7-.8-8.2-3.8z" fill="#15120f"/></svg>',
  ),
  ana: url(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" fill="#ffd9c7"/><path d="M12 22c0-9 5-14 12-14s12 5 12 14v17H12z" fill="#3b2320"/><path d="M6 50c0-10 8-14.5 18-14.5S42 40 42 50z" fill="#c8431c"/><path d="M20 29h8v7.5c0 2-1.8 3.3-4 3.3s-4-1.3-4-3.3z" fill="#c98a63"/><ellipse cx="24" cy="22" rx="8.6" ry="10" fill="#c98a63"/><path d="M15.5 20.5C15 12.5 19 9.5 24 9.5s9 3 8.5 11c-3-1.5-6-3.5-8-6.5-1.5 3-5 5.5-9 6.5z" fill="#3b2320"/></svg>',
  ),
  jonas: url(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" fill="#e3e7d3"/><path d="M6 50c0-10 8-14.5 18-14.5S42 40 42 50z" fill="#5b6b33"/><path d="M20 29h8v7.5c0 2-1.8 3.3-4 3.3s-4-1.3-4-3.3z" fill="#f3cdb0"/><ellipse cx="24" cy="22" rx="8.6" ry="10" fill="#f3cdb0"/><path d="M15.3 20c-1-7.5 3-11.5 9-11.5 5.5 0 9 4 8.4 11.5-1-3-2-4.5-3.2-5.5-3 1-8 1-11 0-1.2 1-2.4 2.5-3.2 5.5z" fill="#c99a4a"/></svg>',
  ),
  thiago: url(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" fill="#d5e9df"/><path d="M6 50c0-10 8-14.5 18-14.5S42 40 42 50z" fill="#2c6b50"/><path d="M20 29h8v7.5c0 2-1.8 3.3-4 3.3s-4-1.3-4-3.3z" fill="#a06a45"/><ellipse cx="24" cy="22" rx="8.6" ry="10" fill="#a06a45"/><path d="M15.8 17.5c-.3-6 3.2-9 8.2-9s8.5 3 8.2 9c-.8-2-1.7-3-2.7-3.5h-11c-1 .5-2 1.5-2.7 3.5z" fill="#1d1715"/></svg>',
  ),
} as const;

export const scenes = {
  mountains:
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 200" preserveAspectRatio="xMidYMid slice"><rect width="320" height="200" fill="#bfdcea"/><circle cx="246" cy="74" r="22" fill="#fff3cf"/><path d="m0 140 62-66 40 38 52-72 70 84 34-28 62 54v50H0z" fill="#7ea2b6"/><path d="m0 168 56-40 62 30 66-46 58 40 78-24v72H0z" fill="#46705f"/><path d="M0 184c70-24 130-4 190-14s90-14 130-2v32H0z" fill="#2f5346"/><path d="m154 40 16 20-8 4-8-7-9 8-6-5z" fill="#fff"/><g fill="#ba3c16"><circle cx="120" cy="135" r="3"/><path d="m116 139 8 0 2 12h-12z"/></g><g fill="#00658a"><circle cx="136" cy="137" r="3"/><path d="m132 141 8 0 2 12h-12z"/></g></svg>',
  city: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 200" preserveAspectRatio="xMidYMid slice"><rect width="320" height="200" fill="#243a5e"/><path d="M0 0h320v120H0z" fill="#f2b38a"/><path d="M0 0h320v60H0z" fill="#f7cfa6"/><path d="M0 118c60-12 120 6 180-4s100-6 140 2v84H0z" fill="#3b4a68"/><path d="M158 26h4v50h-4z" fill="#2b2f45"/><circle cx="160" cy="80" r="11" fill="#2b2f45"/><path d="m155 88-5 62h20l-5-62z" fill="#2b2f45"/><path d="M20 150v-36h36v-14h26v50zM96 150v-26h30v26zM196 150v-44h28v16h30v28zM264 150v-30h40v30z" fill="#2b2f45"/><path d="M0 150h320v50H0z" fill="#1d2338"/></svg>',
  beach:
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 200" preserveAspectRatio="xMidYMid slice"><rect width="320" height="200" fill="#9fd6e6"/><path d="M0 96h320v60H0z" fill="#3c9bb5"/><path d="M0 140c80-20 160 20 320-6v66H0z" fill="#f1dcae"/><circle cx="250" cy="50" r="20" fill="#fff1c4"/><path d="M60 96c20-40 46-50 70-20 8-12 22-12 34 20z" fill="#35694f"/></svg>',
  mug: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200" preserveAspectRatio="xMidYMid slice"><rect width="200" height="200" fill="#e9ded0"/><ellipse cx="100" cy="164" rx="62" ry="10" fill="#cdbba5"/><path d="M56 58h80c0 62-8 104-40 104S56 120 56 58z" fill="#4a2545"/><path d="M56 58h80c0 14-.4 27-1.6 38-24 12-52 12-76.8 0C56.4 85 56 72 56 58z" fill="#7f3d74"/><path d="M136 74c34-6 38 50-8 54" fill="none" stroke="#4a2545" stroke-width="10"/><ellipse cx="96" cy="58" rx="40" ry="8" fill="#2c1529"/></svg>',
  plate:
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200" preserveAspectRatio="xMidYMid slice"><rect width="200" height="200" fill="#dfe4dc"/><circle cx="100" cy="100" r="74" fill="#2f6f78"/><circle cx="100" cy="100" r="66" fill="#3d8891"/><circle cx="100" cy="100" r="46" fill="#2f6f78"/><path d="m62 112 22-28 14 15 14-20 28 33z" fill="#e9d9a8"/></svg>',
  stole:
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200" preserveAspectRatio="xMidYMid slice"><rect width="200" height="200" fill="#f3e7d6"/><path d="M50 24h100v152H50z" fill="#8f2e4b"/><g fill="#f2a24b"><path d="M50 40h100v8H50zM50 56h100v3H50zM50 146h100v8H50zM50 138h100v3H50z"/></g><g fill="none" stroke="#ffd9a0" stroke-width="2"><path d="m62 98 14-18 14 18-14 18zM90 98l14-18 14 18-14 18zM118 98l14-18 14 18-14 18z"/></g><g stroke="#8f2e4b" stroke-width="3"><path d="M54 176v14M66 176v14M78 176v14M90 176v14M102 176v14M114 176v14M126 176v14M138 176v14M147 176v14"/></g></svg>',
  cushion:
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200" preserveAspectRatio="xMidYMid slice"><rect width="200" height="200" fill="#e5ebe4"/><path d="M40 46c40 8 80 8 120 0-8 36-8 72 0 108-40-8-80-8-120 0 8-36 8-72 0-108z" fill="#23607a"/><g fill="#f2c265"><path d="m100 66 12 16-12 16-12-16zM100 104l12 16-12 16-12-16zM68 85l12 16-12 16-12-16zM132 85l12 16-12 16-12-16z"/></g></svg>',
} as const;

export const sceneUrl = (name: keyof typeof scenes): string => url(scenes[name]);
