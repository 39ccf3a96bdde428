// A shirt on the torso. options: height of the neckline, its slope, depth of a V, reach.
// pattern: none, stripes, checks or blots; its frequency.
uniform vec2 pattern;
void main() {
  float line = options.x + options.y * rest.z - options.z * max(0., .55 - abs(rest.x)) * step(0., rest.z);
  vec2 off = vec2(rest.x, (rest.z + .05) * (rest.z > 0. ? .5 : 1.));  // the collarbones stay free
  float edge = max(line - rest.y, length(off) - options.w);
  if (edge < 0.) discard;
  vec3 albedo = tint, n = normalize(normal);
  float stripe = step(.5, fract(rest.y * pattern.y));
  if (pattern.x > 2.5)
    albedo = mix(tint, tint2, smoothstep(.45, .55, texture(noise, rest.xy * .11 * pattern.y).r));
  else if (pattern.x > 1.5)
    albedo = mix(tint, tint2, stripe * .5 + step(.5, fract(rest.x * pattern.y)) * .5);
  else if (pattern.x > .5)
    albedo = mix(tint, tint2, stripe);
  albedo *= mix(1., .75, smoothstep(.09, .06, edge)) * (.84 + .28 * texture(noise, rest.xy * 1.7).r);
  vec2 folds = vec2(texture(noise, rest.xy * .21 + .3).r, texture(noise, rest.yx * .27).g);
  n = normalize(n + .5 * (vec3(folds, .5) - .5));
  write(matte(n, albedo, .2, lit()) * mix(1., traits.z, .5), 18.);
}
