// A strand faces the eye; it is so thin that light at its vertices suffices.
in vec3 position, direction, tangent, color;
in float side;
out vec3 shaded;
uniform float gloss;

void main() {
  vec3 to_eye = normalize(eye - position);
  vec3 along = normalize(tangent + 1e-6);
  vec3 across = normalize(cross(along, to_eye) + 1e-6);
  vec3 q = (key_camera * vec4(position, 1.)).xyz * .5 + .5;
  // The deeper inside the hair, the darker.
  float light = exp(-max(0., q.z - texture(shadows, q.xy).r - .004) * 60.);
  vec3 n = normalize(direction);
  vec3 c = color * (soft_light(n, .55 + .45 * light) +
                    key_color * wrapped(dot(n, key_direction), vec3(.4)) * mix(light, 1., .12));
  float th = dot(along, normalize(key_direction + to_eye));
  float facing = max(dot(n, key_direction) + .4, 0.) * light;
  c += key_color * gloss * facing * (pow(max(1. - th * th, 0.), 30.) * (color + .012) * .7);
  th = dot(along, normalize(rim_direction + to_eye));
  c += rim_color * gloss * pow(max(1. - th * th, 0.), 16.) * (color + .01) * .5;
  c = max(c, 0.);
  c = c * (1. + c / 3.5) / (1. + c * .72);
  shaded = sqrt(clamp(c, 0., 1.));
  gl_Position = camera * vec4(position + across * side, 1.);
}
