// Clothes with a texture. options: share of its colour, share of the tint.
void main() {
  vec4 texel = texture(image, uv);
  if (texel.a < .4) discard;
  vec3 n = normalize(normal), albedo = linear(texel.rgb);
  if (dot(n, eye - place) < 0.) n = -n;
  float gray = dot(albedo, vec3(.3, .5, .2));
  albedo = mix(mix(vec3(gray), albedo, options.x), tint * (.25 + gray * 1.4), options.y);
  write(matte(n, albedo, .2, lit()), 18.);
}
