// Eyes, with the lights mirrored in the cornea.
uniform vec3 left_cornea, right_cornea;  // their centres of curvature

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
  // The mesh of an iris is hollow, so what mirrors is a ball of its own. No lash shades it, or the
  // two eyes would not look alike; a lamp behind the head still has something white beside it.
  vec3 ball = normalize(place - (rest.x > 0. ? left_cornea : right_cornea));
  vec3 lamp = normalize(key_direction + 1.4 * to_eye), mirrored = reflect(-to_eye, ball);
  color += key_color * smoothstep(.992, .9952, dot(ball, normalize(lamp + to_eye))) * .8;
  color += fill_color * smoothstep(.95, .99, dot(mirrored, fill_direction)) * .25;
  color += sky_color * .05 * smoothstep(.1, .9, mirrored.y);
  write(color, rest.x > 0. ? 4. : 5.);
}
