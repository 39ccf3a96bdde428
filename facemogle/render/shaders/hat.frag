// Knitted or sewn hats; uv.y is the distance to the edge. options: ribs, width of the brim.
void main() {
  if (uv.y < 0.) discard;
  vec3 n = normalize(normal);
  if (dot(n, eye - place) < 0.) n = -n;
  float angle = uv.x * 6.2832, rib = sin(angle * options.x);
  bool brim = uv.y < options.y;
  float fold = texture(noise, vec2(uv.x * 1.5, uv.y * .12)).r - .5;
  vec3 albedo = (brim ? tint2 : tint) * (.84 + .16 * rib * options.z);
  albedo *= .86 + .28 * texture(noise, uv * vec2(9., 1.3)).g;
  n = normalize(n + options.z * .25 * rib * vec3(cos(angle), 0., -sin(angle)) + fold * .5);
  float edge = smoothstep(0., .05, uv.y);
  write(matte(n, albedo, .25, lit()) * mix(.6, 1., edge), 14.);
}
