// Teeth and tongue. options: brightness.
void main() {
  vec4 texel = texture(image, uv);
  if (texel.a < .3) discard;
  vec3 to_eye = normalize(eye - place), n = normalize(normal);
  float open = 1. - .6 * smoothstep(.1, .23, abs(rest.x));  // the cheeks shade the side teeth
  float light = mix(lit(), 1., .35) * open;
  vec3 color = matte(n, linear(texel.rgb) * tint, .3, light) * options.x * open;
  color += key_color * light * .05 * highlight(n, to_eye, key_direction, 40.);
  write(color, 10.);
}
