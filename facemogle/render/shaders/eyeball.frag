// Eyes, with the lights mirrored in the cornea.
void main() {
  vec4 texel = texture(image, uv);
  if (texel.a < .35) discard;
  vec3 to_eye = normalize(eye - place), n = normalize(normal);
  float light = lit();
  vec3 albedo = linear(texel.rgb);
  float gray = dot(albedo, vec3(.3, .5, .2));
  albedo = mix(vec3(gray), albedo, albedo.r > albedo.b ? .72 : .5) / (1. + max(0., albedo.g - albedo.r) * 1.5);  // calmer irises
  albedo.g += .3 * max(0., albedo.r - albedo.g);  // brown, not red
  vec3 color = matte(n, albedo * tint, .4, light * .9) * .92;
  vec3 mirrored = reflect(-to_eye, n);
  color += key_color * smoothstep(.965, .985, dot(mirrored, key_direction)) * .5 * light;
  color += fill_color * smoothstep(.95, .99, dot(mirrored, fill_direction)) * .25;
  color += sky_color * .05 * smoothstep(.1, .9, mirrored.y);
  write(color, rest.x > 0. ? 4. : 5.);
}
