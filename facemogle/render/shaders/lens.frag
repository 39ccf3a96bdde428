// Lenses: blended over the picture. options: opacity, strength of the sky's reflection.
void main() {
  vec3 to_eye = normalize(eye - place), mirrored = reflect(-to_eye, normalize(normal));
  float gloss = smoothstep(.955, .995, dot(mirrored, key_direction)) * .35;
  gloss += .12 * smoothstep(.3, .95, mirrored.y) * options.y;
  out_color = vec4(tint + gloss, options.x + gloss * .5);
  out_label = vec4(0., 0., 1., 1.);
}
