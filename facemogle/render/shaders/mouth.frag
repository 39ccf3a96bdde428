// Teeth and tongue.
void main() {
  vec4 texel = texture(image, uv);
  if (texel.a < .3) discard;
  vec3 to_eye = normalize(eye - place), n = normalize(normal);
  float light = mix(lit(), 1., .35);
  vec3 color = matte(n, linear(texel.rgb) * tint, .3, light) * options.x;
  color += key_color * light * .05 * highlight(n, to_eye, key_direction, 40.);
  write(color, 10.);
}
