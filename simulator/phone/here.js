// Where the demo's phone stands when it is asked: the middle of the district, GCJ-02.

export const HERE = { lat: 36.6447, lng: 117.9676 };
