// Frames, jewellery and felt. options: highlight's power, its strength, grain.
void main() {
  vec3 to_eye = normalize(eye - place), n = normalize(normal);
  if (dot(n, to_eye) < 0.) n = -n;
  float light = lit();
  vec3 albedo = tint * mix(1., .6 + .8 * texture(noise, rest.xy * 1.3).r, options.z);
  vec3 color = matte(n, albedo, .15, light);
  float mirrored = reflect(-to_eye, n).y * .5 + .5;
  vec3 gloss = mix(vec3(1.), tint * 2., options.y);
  color += gloss * options.y * (key_color * light * .25 * highlight(n, to_eye, key_direction, options.x));
  color += gloss * options.y * .5 * mix(ground_color, sky_color, smoothstep(.3, .8, mirrored));
  write(color, label);
}
