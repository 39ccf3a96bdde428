// Hair meshes: cards with strands in their texture. options: mean brightness of the texture.
void main() {
  vec4 texel = texture(image, uv);
  vec3 to_eye = normalize(eye - place), n = normalize(normal);
  if (dot(n, to_eye) < 0.) n = -n;
  vec3 dx = dFdx(place), dy = dFdy(place);
  vec2 ux = dFdx(uv), uy = dFdy(uv);
  vec3 along = normalize((dy * ux.x - dx * uy.x) * sign(ux.x * uy.y - ux.y * uy.x) + 1e-6);
  float shade = pow(clamp(dot(linear(texel.rgb), vec3(.3, .5, .2)) / options.x, .02, 4.), mix(.75, .3, min(1., 2. * tint.g)));
  vec3 albedo = mix(tint, tint2, 1. - smoothstep(6.1, 7.5, rest.y)) * shade;
  albedo /= 1. + .7 * albedo * albedo;  // white hair keeps its strands
  float light = mix(lit(), 1., .15);
  vec3 color = matte(n, albedo, .45, light);
  float th = dot(along, normalize(key_direction + to_eye));
  float gloss = pow(max(1. - th * th, 0.), 42.) * max(dot(n, key_direction) + .4, 0.) * light * .4;
  color += key_color * gloss * (albedo * (1. - albedo) + .02) * shade;
  write(color, 13.);
}
