// Eyelashes: colour only, no label of their own. options: opacity.
void main() {
  float opaque = clamp(texture(image, uv).a * options.x, 0., 1.);
  if (opaque < hash(gl_FragCoord.xy * 1.71 + seed * 3.) * .96 + .03) discard;
  write(matte(normalize(normal), tint, .4, 1.), 0.);
}
