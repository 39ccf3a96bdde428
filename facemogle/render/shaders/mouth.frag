// Teeth and tongue. options: brightness; whether what is not red is enamel, of the tint's colour.
void main() {
  vec4 texel = texture(image, uv);
  if (texel.a < .3) discard;
  vec3 to_eye = normalize(eye - place), n = normalize(normal), albedo = linear(texel.rgb);
  // The texture is grey, and black where teeth meet: enamel keeps but a little of its shade.
  float enamel = options.y * (1. - smoothstep(.12, .3, (texel.r - texel.g) / max(texel.r, .01)));
  float shade = mix(.5, 1., smoothstep(.02, .42, albedo.g));
  shade *= mix(1., .72, smoothstep(6.735, 6.8, rest.y)) * mix(.7, 1., smoothstep(6.69, 6.71, rest.y));
  albedo = mix(albedo, tint * mix(vec3(1., .92, .8), vec3(1.), shade) * shade, enamel);
  albedo *= mix(tint, vec3(1.), options.y);
  float side = smoothstep(.07, .21, abs(rest.x));  // the cheeks shade the side teeth
  float light = mix(lit(), 1., .45) * (1. - .6 * side);
  vec3 color = matte(n, albedo, .5, light) * options.x * mix(vec3(1.), vec3(.3, .2, .17), side);
  color += key_color * light * .09 * highlight(n, to_eye, key_direction, 40.);
  color += sky_color * enamel * .03 * (1. - side) * smoothstep(.0, .6, reflect(-to_eye, n).y);
  write(color, 10.);
}
