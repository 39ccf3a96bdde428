// A lock of hair: a ribbon that lies flat on the head or faces the eye, lit as if it were round. Light at its vertices suffices.
in vec3 position, direction, tangent, color;
in vec2 grain;
in float side;
uniform float facing;
out vec3 shaded, gloss;
out vec3 lie;

void main() {
  vec3 to_eye = normalize(eye - position), along = normalize(tangent + 1e-6);
  vec3 out_of = normalize(direction);
  vec3 across = normalize(cross(along, mix(out_of, to_eye, facing)) + 1e-6);
  float edge = sign(side);
  vec3 n = normalize(out_of + .55 * edge * across);
  vec3 q = (key_camera * vec4(position, 1.)).xyz * .5 + .5;
  float light = exp(-max(0., q.z - texture(shadows, q.xy).r - .006) * 45.);  // deeper = darker
  shaded = color * (soft_light(n, .5 + .5 * light) +
                    key_color * wrapped(dot(n, key_direction), vec3(.45)) * mix(light, 1., .15));
  float th = dot(along, normalize(key_direction + to_eye));
  float lit = max(dot(out_of, key_direction) + .3, 0.) * light;
  gloss = key_color * lit * pow(max(1. - th * th, 0.), 24.) * (color * (.6 - .45 * color) + .006);
  th = dot(along, normalize(rim_direction + to_eye));
  gloss += rim_color * pow(max(1. - th * th, 0.), 16.) * (color + .01) * .3;
  lie = vec3(grain, edge);
  gl_Position = camera * vec4(position + across * side, 1.);
}
