// Lenses: blended over the image; uv is 0 at a lens's middle, 1 at its rim.
// options: opacity, strength of the sky's reflection, how much clearer they are below.
void main() {
  vec3 to_eye = normalize(eye - place), mirrored = reflect(-to_eye, normalize(normal));
  float gloss = smoothstep(.955, .995, dot(mirrored, key_direction)) * .35;
  gloss += .12 * smoothstep(.3, .95, mirrored.y) * options.y;
  float band = uv.x * .8 + uv.y + 1.4 * mirrored.x;  // a window's light runs over the glass
  gloss += .16 * options.y * smoothstep(.25, .4, band) * smoothstep(1., .8, band);
  vec3 color = tint + gloss * mix(sky_color, vec3(1.), .5) + .12 * options.z * tint * (1. - uv.y);
  out_color = vec4(sqrt(color), options.x * (1. - .5 * options.z * (.5 - .5 * uv.y)) + gloss * .5);
  out_label = vec4(0., 0., 1., 1.);
}
