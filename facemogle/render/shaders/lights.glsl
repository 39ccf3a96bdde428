#version 330
// What every material shares: three lights and the sky, shadows, and the way to the screen.
// Colours of lights and surfaces are linear; square and square root stand in for sRGB's curve.
uniform vec3 eye, key_direction, key_color, fill_direction, fill_color, rim_direction, rim_color;
uniform vec3 sky_color, ground_color;
uniform float seed, shadow_width;
uniform mat4 camera, key_camera;
uniform sampler2D shadows, noise;

vec3 linear(vec3 color) { return color * color; }

float hash(vec2 p) {
  vec3 q = fract(vec3(p.xyx) * .1031);
  q += dot(q, q.yzx + 33.33);
  return fract((q.x + q.y) * q.z);
}

vec3 wrapped(float cosine, vec3 width) { return clamp((cosine + width) / (1. + width), 0., 1.); }

// Light without a hard edge: fill, rim and sky, by direction.
vec3 soft_light(vec3 n, float open) {
  vec3 c = fill_color * wrapped(dot(n, fill_direction), vec3(.35)) * mix(1., open, .6);
  c += rim_color * wrapped(dot(n, rim_direction), vec3(.1)) * .6;
  return c + mix(ground_color, sky_color, n.y * .5 + .5) * open;
}
